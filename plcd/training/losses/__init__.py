"""Losses, each with the equation it comes from."""
