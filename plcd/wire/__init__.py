"""Bytes to packets and back: pure functions of their arguments, one error class for whatever the network
sends."""
