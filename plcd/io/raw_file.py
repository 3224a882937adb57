"""The bytes below an audio file, with the reason why one could not be written."""

import os
from pathlib import Path


class RawFile:
    """An unbuffered file, created or replaced; also the file object that libsndfile writes through."""

    def __init__(self, path: Path, exclusive: bool) -> None:
        """Raises OSError; FileExistsError if ``exclusive`` and the file is there."""
        self._file = open(path, "x+b" if exclusive else "w+b", buffering=0)  # noqa: SIM115
        self.error: OSError | None = None
        """Why ``write`` failed; it takes no more from then on."""

    def write_all(self, data: bytes) -> None:
        """Every byte, or OSError."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def write(self, data: bytes) -> int:
        """Every byte or none, for libsndfile, which has no place for a reason; how many."""
        try:
            if self.error is None:
                self.write_all(data)
        except OSError as error:
            self.error = error
        return len(data) if self.error is None else 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, count: int) -> bytes:
        return self._file.read(count) or b""

    def truncate(self, size: int) -> None:
        self._file.truncate(size)

    def close(self) -> None:
        self._file.close()
