"""Clips of bench/data at 16 kHz with gaps as in Miotello et al. 2023, section IV-B, and the error of eq. 16."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plcd.offline.audio_files import read_blocks, read_info

RATE: Final = 16_000
SECONDS: Final = 3.0
SHORTEST_S, LONGEST_S = 0.04, 0.08
APART_S: Final = 0.15
"""Known audio between two gaps and beside both ends: the published code's."""
DATA: Final = Path(__file__).parents[1] / "data" / "dev"
CLIPS: Final = {
    "piano": "piano_keys/msdb_test_piano_0a7fc4ad.flac",
    "singer": "voice/msdb_test_female-singer_08d6b273.flac",
    "song": "mixed/librosa_fishin.flac",
    "speech": "speech/sms_speech-female.flac",
}
"""Piano, popular music and speech, as in the paper; a solo voice beside them."""

Real = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Clip:
    """One channel ``(n,)`` at :data:`RATE`, and which samples are missing ``(n,)``."""

    name: str
    audio: Real
    missing: Mask


def read_clip(name: str, gaps_s: float, seconds: float = SECONDS) -> Clip:
    """The first ``seconds`` of a clip with gaps of ``gaps_s`` together. The same every time."""
    import soxr

    info = read_info(DATA / CLIPS[name])
    audio = np.concatenate(list(read_blocks(info, 1 << 16))).mean(axis=1)[: round(seconds * info.rate)]
    audio = np.asarray(soxr.resample(audio, info.rate, RATE, quality="VHQ"), dtype=np.float64)
    seed = np.random.SeedSequence([len(CLIPS), list(CLIPS).index(name), round(1000 * gaps_s)])
    return Clip(name, audio, random_gaps(audio.size, round(gaps_s * RATE), np.random.default_rng(seed)))


def random_gaps(samples: int, together: int, dice: np.random.Generator) -> Mask:
    """Gaps of 40 to 80 ms at random places, ``together`` samples in all. Raises ValueError where they do not fit."""
    shortest, longest, apart = (round(s * RATE) for s in (SHORTEST_S, LONGEST_S, APART_S))
    count = -(-together // round((SHORTEST_S + LONGEST_S) / 2 * RATE))
    if not count * shortest <= together <= count * longest:
        raise ValueError(f"{together} samples are not {count} gaps of {shortest} to {longest}")
    while True:
        lengths = dice.integers(shortest, longest + 1, count)
        lengths[-1] += together - lengths.sum()
        if shortest <= lengths[-1] <= longest:
            break
    spare = samples - together - (count + 1) * apart
    if spare < 0:
        raise ValueError(f"{count} gaps do not fit {samples} samples")
    places = np.sort(dice.integers(0, spare + 1, count))
    starts = places + apart * np.arange(1, count + 1) + np.concatenate(([0], np.cumsum(lengths)[:-1]))
    missing = np.zeros(samples, bool)
    for start, length in zip(starts, lengths, strict=True):
        missing[start : start + length] = True
    return missing


def error_ratio(audio: Real, estimate: Real) -> float:
    """Energy of the error over that of the audio: what eq. 16 averages."""
    return float(np.square(estimate - audio).sum() / np.square(audio).sum())


def decibels(ratios: list[float]) -> float:
    """Eq. 16 of the clips' ratios."""
    return 10 * float(np.log10(np.mean(ratios)))
