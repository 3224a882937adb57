"""Real-time packet-loss concealment for networked music performance."""

__version__ = "0.1.0"
