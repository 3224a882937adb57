"""The architectures, as torch modules."""
