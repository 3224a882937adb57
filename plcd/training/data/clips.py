"""Draws clips from recordings: which one, where, how loud, how high. Everything follows from the clip's number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plcd.offline.audio_files import AudioFileError
from plcd.training.data.collection import SILENT, Recording, read_stretch
from plcd.training.errors import TrainingError

Clip = NDArray[np.float32]
"""One channel, ``(samples,)``, full scale 1.0."""

_ATTEMPTS = 50
_CEILING = 0.98


@dataclass(frozen=True, slots=True)
class Clips:
    """A rule that turns generators into clips of ``seconds`` at ``rate``; immutable, so worker processes can have it."""

    recordings: tuple[Recording, ...]
    rate: int
    seconds: float
    gain_db: tuple[float, ...] = (0.0, 0.0)
    pitch_cents: float = 0.0

    @property
    def samples(self) -> int:
        return round(self.seconds * self.rate)

    def draw(self, rng: np.random.Generator, say: Callable[[str], None]) -> Clip:
        """One clip. A stretch that cannot be decoded is told to ``say`` and another is drawn, a silent one silently.

        Recordings are drawn by length times weight, their channels evenly. Raises TrainingError where fifty draws in a row
        fail.
        """
        shares = np.array([recording.seconds * recording.weight for recording in self.recordings])
        shares = np.cumsum(shares / shares.sum())
        last = ""
        for _ in range(_ATTEMPTS):
            index = min(int(np.searchsorted(shares, rng.random())), len(self.recordings) - 1)
            place, channel, bend, gain = rng.random(4)
            try:
                clip = self._cut(self.recordings[index], float(place), float(channel), 2 * float(bend) - 1)
            except AudioFileError as error:
                last = f"{error}; another one is taken"
                say(last)
                continue
            peak = float(np.max(np.abs(clip), initial=0.0))
            if peak < SILENT:
                continue
            low, high = self.gain_db
            factor = min(10 ** ((low + (high - low) * float(gain)) / 20), _CEILING / peak)
            return (clip * np.float32(factor)).astype(np.float32)
        raise TrainingError(
            f"no clip could be cut from {len(self.recordings)} recordings: {last or 'only silence was found'}"
        )

    def _cut(self, recording: Recording, place: float, channel: float, bend: float) -> Clip:
        """``samples`` samples; shorter recordings are followed by zeros."""
        source_rate = recording.rate * 2 ** (bend * self.pitch_cents / 1200)
        wanted = min(recording.stop - recording.start, int(np.ceil(self.seconds * source_rate)) + 1)
        start = recording.start + int(place * (recording.stop - recording.start - wanted + 1))
        audio = read_stretch(recording.path, start, wanted)
        mono = np.ascontiguousarray(audio[:, min(int(channel * audio.shape[1]), audio.shape[1] - 1)])
        clip = resample(mono, source_rate, self.rate)[: self.samples]
        return np.pad(clip, (0, self.samples - clip.size))


def resample(samples: Clip, source_hz: float, target_hz: float) -> Clip:
    """``samples`` at another rate, by soxr. Raises TrainingError where that is needed and not installed."""
    if abs(source_hz - target_hz) < 1e-6 * target_hz:
        return samples
    return np.asarray(_soxr().resample(samples, source_hz, target_hz), np.float32)


def _soxr() -> Any:
    try:
        import soxr
    except ImportError:
        raise TrainingError(
            "recordings at another rate need soxr: pip install '.[train]' in plcd's folder"
        ) from None
    return soxr
