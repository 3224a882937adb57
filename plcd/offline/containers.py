"""Which container a file name stands for, and which encoding of samples a container can hold."""

from pathlib import Path

import soundfile

_BY_SUFFIX: dict[str, tuple[str, ...]] = {
    "wav": ("WAV", "WAVEX", "RF64"),
    "flac": ("FLAC",),
    "ogg": ("OGG",),
    "oga": ("OGG",),
    "opus": ("OGG",),
    "mp3": ("MP3",),
    "aif": ("AIFF",),
    "aiff": ("AIFF",),
    "aifc": ("AIFF",),
    "au": ("AU",),
    "snd": ("AU",),
    "caf": ("CAF",),
    "w64": ("W64",),
    "rf64": ("RF64",),
}
"""The containers a suffix may stand for, the usual one first."""

_LADDER = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
"""Linear encodings, each at least as fine as the one before."""

_EXACT = {
    "PCM_S8": 8,
    "PCM_U8": 8,
    "PCM_16": 16,
    "PCM_24": 24,
    "PCM_32": 32,
    "FLOAT": 24,
    "DOUBLE": 53,
    "ULAW": 14,
    "ALAW": 13,
    "ALAC_16": 16,
    "ALAC_20": 20,
    "ALAC_24": 24,
    "ALAC_32": 32,
}
"""Encodings that give back what was decoded from them, and how many bits of a sample they hold."""

_LOGARITHMIC = ("ULAW", "ALAW")
"""Of those: they hold none but their own."""

_LINEAR_EQUAL = {"ALAC_16": "PCM_16", "ALAC_20": "PCM_24", "ALAC_24": "PCM_24", "ALAC_32": "PCM_32"}
"""Lossless encodings of one container only, and the linear one that holds the same samples."""

_LOSSY = ("MP3", "OGG")
"""Containers whose every encoding changes the samples."""

_LOSSY_ONLY = ("MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III", "VORBIS", "OPUS")
"""Encodings that stay in those: WAV can hold MPEG, and nobody means that by it."""

_FOR_LOSSY = "FLOAT"
"""What a lossy encoding becomes in a container without it: its decoder gives more than 16 bits, and goes beyond full scale."""

_DECODED = {"IMA_ADPCM": 16, "MS_ADPCM": 16, "VOX_ADPCM": 16, "GSM610": 16}
"""Bits of what other encodings decode to; those that are not here give floating point."""


def is_audio_name(path: Path) -> bool:
    """Whether the name's suffix is one of an audio container known here."""
    return _suffix(path) in _BY_SUFFIX


def container_for(path: Path, source_name: Path, source_container: str) -> str:
    """The container for an output called ``path``: the source's where the suffix allows it.

    The source's own suffix always does. Raises ValueError for a suffix that stands for no container, and for a
    lossy one that is not the source's: received audio would not pass unchanged.
    """
    suffix = _suffix(path)
    if suffix == _suffix(source_name):
        return source_container
    known = _BY_SUFFIX.get(suffix)
    if known is None:
        raise ValueError(f"no audio container is called {path.suffix or path.name!r}; use .wav or .flac")
    if source_container in known:
        return source_container
    if known[0] in _LOSSY:
        raise ValueError(f"{path.suffix} is lossy, and the input is not of that kind; use .wav or .flac")
    return known[0]


def encoding_for(container: str, source_encoding: str) -> str:
    """The source's encoding where ``container`` has it, else its coarsest without loss, else its finest."""
    if soundfile.check_format(container, source_encoding) and (
        container in _LOSSY or source_encoding not in _LOSSY_ONLY
    ):
        return source_encoding
    wanted = _LINEAR_EQUAL.get(source_encoding, source_encoding)
    rung = _LADDER.index(wanted if wanted in _LADDER else _FOR_LOSSY)
    held = [soundfile.check_format(container, name) for name in _LADDER]
    finer = [name for name, holds in zip(_LADDER[rung:], held[rung:], strict=True) if holds]
    coarser = [name for name, holds in zip(_LADDER[:rung], held[:rung], strict=True) if holds]
    if finer:
        return finer[0]
    return coarser[-1] if coarser else str(soundfile.default_subtype(container))


def holds(encoding: str, source_encoding: str) -> bool:
    """Whether ``encoding`` gives back samples of ``source_encoding`` as they were, or as they are decoded."""
    if encoding == source_encoding:
        return encoding in _EXACT
    wide = _EXACT.get(encoding)
    if wide is None or encoding in _LOGARITHMIC:
        return False
    source = _EXACT.get(source_encoding, _DECODED.get(source_encoding))
    if source is None:
        return encoding in ("FLOAT", "DOUBLE")
    if "DOUBLE" in (encoding, source_encoding) or source_encoding == "FLOAT":
        return encoding == "DOUBLE"
    return wide >= source


def _suffix(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")
