"""What a network promises: the JSON under the metadata key ``plcd`` of its file. docs/models.md states it for others."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from plcd.core.ensemble import Ensemble
from plcd.core.refiner import Signal
from plcd.neural.errors import ModelError, one_line

KEY: Final = "plcd"
VERSION: Final = 1
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST: Final = 1 << 16
"""Samples of context, block or horizon: 1.5 s at 44.1 kHz, more than the longest hole that is filled."""
_TEXT: Final = 1 << 16
"""Characters of metadata read."""
_NOISE: Final = 2.0
"""As ``--noise``."""
QUIETEST: Final = 1e-5
"""The least RMS that is scaled up to: -100 dB, below the noise of 16 bits. Silence stays silence."""
RATE_TOLERANCE: Final = 0.15
"""A network hears 48 kHz as 44.1 kHz played 9 % slower, a semitone and a half. Beyond this its bands and times are not those
it was trained on."""


@dataclass(frozen=True, slots=True)
class Stft:
    """Short-time Fourier transform: centred, reflected at the ends, periodic Hann window."""

    size: int
    """Samples of a frame, of the window and of the transform."""
    hop: int

    @property
    def bins(self) -> int:
        return self.size // 2 + 1

    def frames(self, samples: int) -> int:
        """Of so many samples."""
        return 1 + (samples + 2 * (self.size // 2) - self.size) // self.hop


@dataclass(frozen=True, slots=True)
class Scale:
    """What the network's input is divided by."""

    kind: str
    """``none``, ``fixed`` or ``rms``."""
    value: float = 1.0

    def of(self, past: Signal, power: float = 1.0) -> np.float32:
        """The divisor: ``value``, for ``rms`` times the RMS of ``past`` to ``power``."""
        if self.kind != "rms":
            return np.float32(self.value)
        rms = np.sqrt(float(past.astype(np.float64) @ past) / past.size)
        return np.float32(self.value * max(rms, QUIETEST) ** power)


@dataclass(frozen=True, slots=True)
class Contract:
    """All lengths in samples; see docs/models.md for each key."""

    name: str
    kind: str
    rate: int
    context: int
    block: int
    horizon: int
    made: int
    predictor: str
    closes: bool
    longest: int
    noise: float
    fade: int
    stages: int
    threads: int
    stft: Stft | None
    scale: Scale
    origin: Mapping[str, Any]
    """What was said of the training: version, commit, data, steps. Nothing depends on it."""
    values: Mapping[str, Any]
    """All that was said, for what one kind alone asks."""

    @classmethod
    def parse(cls, metadata: Mapping[str, str]) -> "Contract":
        """Read a file's metadata. Raises ModelError that names the key and what is allowed."""
        values = _table(metadata)
        if values.get("contract") != VERSION or isinstance(values.get("contract"), bool):
            said = one_line(values.get("contract", "none"), 40)
            raise ModelError(
                f"contract {said} in its metadata: this version of plcd knows contract {VERSION}"
            )
        rate = _integer(values, "rate", 8000, 192_000)
        context = _integer(values, "context", 1, _LONGEST)
        block = _integer(values, "block", 16, _LONGEST)
        horizon = _integer(values, "horizon", block, _LONGEST)
        made = _integer(values, "made", block, horizon)
        return cls(
            name=_text(values, "name", _NAME.fullmatch, "letters, digits, dot, dash, at most 64"),
            kind=_text(values, "kind"),
            rate=rate,
            context=context,
            block=block,
            horizon=horizon,
            made=made,
            predictor=_predictor(values),
            closes=_flag(values, "closes"),
            longest=_integer(values, "longest", block, _LONGEST, _LONGEST),
            noise=_number(values, "noise", 0.0, _NOISE),
            fade=_integer(values, "fade", 0, block),
            stages=_integer(values, "stages", 1, 2, 1),
            threads=_integer(values, "threads", 1, 64, 1),
            stft=_stft(values),
            scale=_scale(values),
            origin={key: values[key] for key in ("plcd", "commit", "data", "steps") if key in values},
            values=values,
        )

    def frames(self, name: str, count: int) -> range:
        """Which of ``count`` frames the tensor ``name`` of a file in two stages has. Raises ModelError where that is not said."""
        table = self.values.get("frames")
        ends = table.get(name) if isinstance(table, dict) else None
        if (
            not isinstance(ends, list)
            or len(ends) != 2
            or not all(isinstance(end, int) and not isinstance(end, bool) for end in ends)
            or not 0 <= ends[0] < ends[1] <= count
        ):
            raise ModelError(f"metadata 'frames' must say first and end of {name!r}, within 0..{count}")
        return range(ends[0], ends[1])

    def refuses(self, rate: int) -> str | None:
        """Why it cannot work at ``rate`` hertz; None where it can."""
        if abs(rate - self.rate) <= RATE_TOLERANCE * self.rate:
            return None
        return f"the network {self.name} was made for {self.rate} Hz, not for {rate} Hz: the predictor plays alone"


def _table(metadata: Mapping[str, str]) -> dict[str, Any]:
    if KEY not in metadata:
        raise ModelError(f"no metadata under the key {KEY!r}: not a network made for plcd (docs/models.md)")
    if len(metadata[KEY]) > _TEXT:
        raise ModelError(f"its metadata {KEY!r} has more than {_TEXT} characters")
    try:
        values = json.loads(metadata[KEY])
    except (ValueError, RecursionError) as error:
        raise ModelError(f"its metadata {KEY!r} is not JSON: {one_line(error, 100)}") from None
    if not isinstance(values, dict):
        raise ModelError(f"its metadata {KEY!r} is not a JSON object")
    return values


def _given(values: Mapping[str, Any], key: str, default: object = None) -> Any:
    if key not in values and default is None:
        raise ModelError(f"its metadata lacks {key!r}")
    return values.get(key, default)


def _integer(values: Mapping[str, Any], key: str, least: int, most: int, default: int | None = None) -> int:
    value = _given(values, key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ModelError(
            f"metadata {key!r} must be a whole number from {least} to {most}, not {one_line(value, 40)}"
        )
    return value


def _number(values: Mapping[str, Any], key: str, least: float, most: float) -> float:
    value = _given(values, key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ModelError(
            f"metadata {key!r} must be a number from {least:g} to {most:g}, not {one_line(value, 40)}"
        )
    return float(value)


def _flag(values: Mapping[str, Any], key: str) -> bool:
    value = values.get(key, False)
    if not isinstance(value, bool):
        raise ModelError(f"metadata {key!r} must be true or false, not {one_line(value, 40)}")
    return value


def _text(
    values: Mapping[str, Any],
    key: str,
    allowed: Callable[[str], object] = lambda text: 0 < len(text) <= 200 and text.isprintable(),
    what: str = "printable, at most 200 characters",
) -> str:
    value = _given(values, key)
    if not isinstance(value, str) or not allowed(value):
        raise ModelError(f"metadata {key!r} must be a text ({what}), not {one_line(value, 40)!r}")
    return value


def _predictor(values: Mapping[str, Any]) -> str:
    name = _text(values, "predictor")
    try:
        Ensemble.parse(name)
    except ValueError as error:
        raise ModelError(f"metadata 'predictor': {one_line(error)}") from None
    return name


def _stft(values: Mapping[str, Any]) -> Stft | None:
    table = values.get("stft")
    if table is None:
        return None
    if not isinstance(table, dict) or table.get("window") != "hann":
        raise ModelError("metadata 'stft' must be an object with size, hop and window 'hann'")
    size = _integer(table, "size", 16, 8192)
    return Stft(size, _integer(table, "hop", 1, size // 2))


def _scale(values: Mapping[str, Any]) -> Scale:
    table = values.get("scale", {"kind": "none"})
    if not isinstance(table, dict) or table.get("kind") not in ("none", "fixed", "rms"):
        raise ModelError("metadata 'scale' must be an object whose kind is none, fixed or rms")
    if table["kind"] == "none":
        return Scale("none")
    return Scale(str(table["kind"]), _number(table, "value", 1e-6, 1e6))
