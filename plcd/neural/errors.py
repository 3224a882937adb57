"""What is wrong with a network's file."""


class ModelError(ValueError):
    """The file is no network that plcd can run. The message is one line that says why, without the file's name."""


def one_line(text: object, limit: int = 300) -> str:
    """``text`` of others as one printable line."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())
    return line if len(line) <= limit else line[:limit] + " ..."
