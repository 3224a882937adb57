"""One HTTP port on loopback: metrics for Prometheus, a live page, statistics, and what is played to listen in to."""
