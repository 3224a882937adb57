"""What stops a restoration."""


class RestorationError(Exception):
    """A file, its gaps or a method cannot be worked with. The message is one line and says what to do."""
