"""Recordings repaired afterwards: holes whose places and both sides are known, without a deadline."""
