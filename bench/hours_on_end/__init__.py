"""Long sessions with everything that goes wrong in them: simulated, and for real."""
