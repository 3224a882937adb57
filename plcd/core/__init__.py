"""The sans-I/O core: no socket, file, clock, thread or randomness. Times and generators are arguments."""
