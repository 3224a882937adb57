"""Playout depth against late losses: arrival traces, what is done with them, and the plot."""
