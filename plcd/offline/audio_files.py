"""Audio files read block by block, and written so that a half-written file never bears the final name.

Samples travel as float64 ``(n, channels)``, full scale 1.0, which holds every integer encoding exactly.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from plcd.offline.containers import container_for, encoding_for

Audio = NDArray[np.float64]

_UNKNOWN_LENGTH = 1 << 62
"""libsndfile gives 2^63 - 1 frames for a stream whose header does not say."""

_COUNTING_BLOCK = 1 << 16
_ADD_PEAK_CHUNK = 0x1050
_WRITTEN_BY = "software"
_COMMENT = "comment"
_MOST_TAGS = 1000
"""Bytes of the source's tags: where a header holds more than some 1900, libsndfile loses them, or writes it broken."""


class AudioFileError(Exception):
    """A file cannot be read or written as audio. The message is one line and names the file."""


class DamagedFileError(AudioFileError):
    """A file that began as audio cannot be read to its end."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file holds. ``rate`` in Hz, ``samples`` per channel; the others are libsndfile's names, ``tags`` too (title, artist,
    ...).
    """

    path: Path
    rate: int
    channels: int
    samples: int
    container: str
    encoding: str
    tags: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def seconds(self) -> float:
        return self.samples / self.rate


def read_info(path: Path) -> AudioInfo:
    """What ``path`` holds. Raises AudioFileError when it is missing, not audio or empty."""
    with _open(path) as file:
        samples = int(file.frames)
        if samples >= _UNKNOWN_LENGTH:
            samples = sum(block.shape[0] for block in _blocks(file, path, _COUNTING_BLOCK))
        tags = {name: text for name, text in file.copy_metadata().items() if name != _WRITTEN_BY}
        info = AudioInfo(path, file.samplerate, file.channels, samples, file.format, file.subtype, tags)
    if samples == 0:
        raise AudioFileError(f"{path}: holds no samples")
    return info


def read_blocks(info: AudioInfo, block: int) -> Iterator[Audio]:
    """The file's samples in order, ``block`` at a time, the last block shorter.

    Raises DamagedFileError when it cannot be decoded or ends before ``info.samples``.
    """
    done = 0
    with _open(info.path) as file:
        for samples in _blocks(file, info.path, block):
            done += samples.shape[0]
            yield samples
    if done != info.samples:
        raise DamagedFileError(f"{info.path}: damaged, ends after {done} of {info.samples} samples")


class AudioWriter:
    """Writes a file like ``source``: its rate, channels and tags, its container and encoding or the nearest.

    A context manager. Written under a temporary name beside ``path``, renamed when the block ends without
    exception, else removed. Raises AudioFileError where writing fails, and at once when ``path`` is the
    source itself, no container is called so, it is lossy and not the source's, or the folder is missing. ``comment`` goes
    behind the source's own, where the container has tags (AU and W64 have none).
    """

    def __init__(self, path: Path, source: AudioInfo, comment: str = "") -> None:
        if same_file(path, source.path):
            raise AudioFileError(f"{path}: would overwrite the input; give another output")
        try:
            self.container = container_for(path, source.path, source.container)
        except ValueError as error:
            raise AudioFileError(f"{path}: {error}") from None
        if not path.parent.is_dir():
            raise AudioFileError(f"{path}: cannot be written: there is no folder {str(path.parent)!r}")
        self.encoding = encoding_for(self.container, source.encoding)
        self._path = path
        self._rate = source.rate
        self._channels = source.channels
        self._tags = _short(source.tags)
        comments = [text for text in (self._tags.get(_COMMENT, ""), comment) if text]
        if comments:
            self._tags[_COMMENT] = "; ".join(comments)

    def __enter__(self) -> Self:
        try:
            self._partial = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
            self._partial.unlink(missing_ok=True)  # of a process that was killed and had the same number
            self._partial.open("xb").close()
        except OSError as error:
            raise AudioFileError(f"{self._path}: cannot be written: {_reason(error)}") from None
        try:
            self._file = soundfile.SoundFile(
                self._partial, "w", self._rate, self._channels, self.encoding, format=self.container
            )
        except (soundfile.SoundFileError, ValueError) as error:
            self._partial.unlink()
            raise AudioFileError(f"{self._path}: cannot be written: {_reason(error)}") from None
        _leave_out_the_date(self._file)
        for name, text in self._tags.items():
            with suppress(soundfile.SoundFileError):
                setattr(self._file, name, text)
        return self

    def write(self, samples: Audio) -> None:
        """Append ``samples`` ``(n, channels)``; what exceeds full scale is clipped by integer encodings."""
        try:
            self._file.write(samples)
        except (soundfile.SoundFileError, AssertionError) as error:
            raise AudioFileError(f"{self._path}: cannot be written: {_reason(error)}") from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as cleanup:
            cleanup.callback(self._partial.unlink, missing_ok=True)
            try:
                self._file.close()
                if kind is None:
                    self._partial.replace(self._path)
            except (OSError, soundfile.SoundFileError) as failure:
                raise AudioFileError(f"{self._path}: cannot be written: {_reason(failure)}") from None


def comment_in(path: Path) -> str:
    """The comment in the tags of a file; nothing where there is none, or no audio file at all."""
    try:
        with soundfile.SoundFile(path) as file:
            return str(file.comment)
    except (soundfile.SoundFileError, OSError, TypeError):
        return ""


def _short(tags: dict[str, str]) -> dict[str, str]:
    """Those of ``tags`` that fit, the others left out whole."""
    kept, left = {}, _MOST_TAGS
    for name, text in tags.items():
        size = len(text.encode("utf-8", "replace"))
        if size <= left:
            kept[name] = text
            left -= size
    return kept


def same_file(one: Path, other: Path) -> bool:
    """Whether both names lead to one existing file."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _open(path: Path) -> soundfile.SoundFile:
    if path.is_dir():
        raise AudioFileError(f"{path}: is a directory")
    if not path.exists():
        raise AudioFileError(f"{path}: no such file")
    if not os.access(path, os.R_OK):
        raise AudioFileError(f"{path}: no permission to read")
    if path.stat().st_size == 0:
        raise AudioFileError(f"{path}: is empty")
    try:
        return soundfile.SoundFile(path)
    except (
        soundfile.SoundFileError,
        TypeError,
        UnicodeError,
    ) as error:  # TypeError: taken for headerless audio by its suffix; UnicodeError: a name in no encoding
        raise AudioFileError(f"{path}: is not audio: {_reason(error)}") from None


def _blocks(file: soundfile.SoundFile, path: Path, block: int) -> Iterator[Audio]:
    done = 0
    while True:
        try:
            samples = file.read(block, dtype="float64", always_2d=True)
        except soundfile.SoundFileError as error:
            after = f"after {done / file.samplerate:.1f} s it " if done else ""
            raise DamagedFileError(f"{path}: damaged, {after}cannot be decoded: {_reason(error)}") from None
        if samples.shape[0] == 0:
            return
        done += samples.shape[0]
        yield samples


def _leave_out_the_date(file: soundfile.SoundFile) -> None:
    """Equal samples give equal files: libsndfile's PEAK chunk in files of floats would hold the time of writing.

    The package has no public way to say so (libsndfile's SFC_SET_ADD_PEAK_CHUNK); without this one the date is there.
    """
    with suppress(AttributeError):
        soundfile._snd.sf_command(file._file, _ADD_PEAK_CHUNK, soundfile._ffi.NULL, 0)


def _reason(error: Exception) -> str:
    """libsndfile's own words on one line, without the file name it puts before them."""
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(text.split()) or type(error).__name__
