"""How near processed audio comes to its reference: one function for each metric, and all of them at once."""
