"""Music below 3 kHz: what the autoencoder learns from, and the frames it is judged on (Ananthabhotla et al. 2019, 6.1 and 7)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.offline.audio_files import AudioFileError
from plcd.training.codec.mp3 import RATE
from plcd.training.data.clips import Clip, Clips, resample
from plcd.training.data.collection import SILENT, Recording, read_stretch
from plcd.training.data.stream import Examples
from plcd.training.errors import TrainingError

BAND_RATE: Final = 6000
"""Hz: a rate that holds what lies below 3000 Hz."""
_MARGIN: Final = 4000
"""Samples on each side of a frame, so that the filter's own ends lie outside."""


def band_limited(wave: Clip) -> Clip:
    """``wave`` (``(n,)`` at 16 kHz) without what lies above 3 kHz: through a lower rate and back by sinc interpolation.

    Zero phase: nothing is delayed. soxr's passband ends at 0.91 of the band, so it falls from 2.7 kHz on.
    """
    narrow = resample(resample(wave, RATE, BAND_RATE), BAND_RATE, RATE)[: wave.size]
    return np.pad(narrow, (0, wave.size - narrow.size))


@dataclass(frozen=True, slots=True)
class PatchMaker:
    """One clip, one example: ``wave``, ``(1, patch)`` float32 at 16 kHz."""

    clips: Clips
    seed: int
    patch: int

    def __call__(self, number: int, say: Callable[[str], None]) -> Examples:
        """See :class:`plcd.training.data.stream.Maker`. The patch lies inside the clip, away from the filter's ends."""
        clip = band_limited(self.clips.draw(np.random.default_rng([self.seed, 0, number]), say))
        start = (clip.size - self.patch) // 2
        return {"wave": clip[None, start : start + self.patch]}


def cut_frames(
    recordings: tuple[Recording, ...], size: int, most: int, say: Callable[[str], None]
) -> list[Clip]:
    """Frames ``(size,)`` that do not overlap, of the first channel of all recordings; at most ``most``, evenly taken of all.

    Recordings shorter than one are followed by zeros; frames that are silent or cannot be decoded (told to ``say``) are left
    out. Raises TrainingError where nothing is left.
    """
    places = [
        (recording, number * size)
        for recording in recordings
        for number in range(max(1, int(recording.seconds * RATE) // size))
    ]
    chosen = [places[index * len(places) // most] for index in range(most)] if len(places) > most else places
    frames = []
    for recording, start in chosen:
        try:
            frame = _frame(recording, start, size)
        except AudioFileError as error:
            say(f"{error}; left out")
            continue
        if float(np.max(np.abs(frame), initial=0.0)) >= SILENT:
            frames.append(frame)
    if not frames:
        raise TrainingError(
            f"no frame to validate on in {len(recordings)} recordings: only silence was found"
        )
    return frames


def _frame(recording: Recording, start: int, size: int) -> Clip:
    """``start`` and ``size`` at 16 kHz."""
    before = min(start, _MARGIN)
    first = recording.start + (start - before) * recording.rate // RATE
    wanted = min((before + size + _MARGIN) * recording.rate // RATE, recording.stop - first)
    audio = np.ascontiguousarray(read_stretch(recording.path, first, wanted)[:, 0])
    wave = band_limited(resample(audio, recording.rate, RATE))[before : before + size]
    return np.pad(wave, (0, size - wave.size))
