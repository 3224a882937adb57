"""The one kind of failure a user of the training can cause."""


class TrainingError(Exception):
    """Training cannot start or go on. The message is one line that says what is wrong and what to do."""
