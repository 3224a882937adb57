"""What the tests of restoration share: sound with holes in it."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from plcd.restoration.interpolate import Interpolate

RATE = 16_000
Sound = NDArray[np.float64]


def music(samples: int, channels: int = 1, rate: int = RATE, seed: int = 0) -> Sound:
    """A few steady tones under noise, ``(samples, channels)``, on the grid of 16 bits, never silent."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / rate
    hz = np.array([220.0, 311.1, 523.3])
    tones = 0.12 * np.sin(2 * np.pi * np.outer(time, hz) + hz).sum(axis=1)
    sound = tones[:, None] + rng.normal(0, 0.01, (samples, channels))
    grid: Sound = np.round(sound * 32_768) / 32_768
    return grid


def quick() -> Interpolate:
    """The real method, small."""
    return Interpolate(((32, 256),), 0.0)


def write(path: Path, sound: Sound, rate: int = RATE, encoding: str = "PCM_16") -> Path:
    soundfile.write(path, sound, rate, encoding)
    return path
