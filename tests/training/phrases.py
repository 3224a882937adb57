"""Music to train on, computed: plucked and bowed phrases with onsets, vibrato, decays and a little noise."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 44_100


def phrase(seed: int, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """One voice, ``(n,)`` in -1..1."""
    rng = np.random.default_rng([11, seed])
    out = np.zeros(round(seconds * rate))
    start = 0
    while start < out.size:
        length = min(round(float(rng.uniform(0.12, 0.5)) * rate), out.size - start)
        time = np.arange(length) / rate
        pitch = 220.0 * 2 ** (int(rng.integers(0, 25)) / 12)
        phase = 2 * np.pi * pitch * time + 0.4 * np.sin(2 * np.pi * 5.5 * time)
        partials = sum(
            np.sin(k * phase + rng.uniform(0, 6)) / k ** rng.uniform(0.8, 1.6) for k in range(1, 16)
        )
        envelope = np.minimum(time / 0.008, 1.0) * np.exp(-time * rng.uniform(2, 9))
        breath = rng.standard_normal(length) * np.exp(-time * 25)
        out[start : start + length] = envelope * partials + 0.3 * breath
        start += length
    out += 0.002 * rng.standard_normal(out.size)
    scaled: NDArray[np.float32] = (0.5 * out / np.max(np.abs(out))).astype(np.float32)
    return scaled


def write_phrases(folder: Path, count: int, seconds: float = 4.0) -> Path:
    """``count`` files: FLAC, every third one stereo, every fourth a WAV at 48 kHz."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        if number % 4 == 3:
            soundfile.write(
                folder / f"take{number:02d}.wav", phrase(number, seconds, 48_000), 48_000, subtype="PCM_16"
            )
        elif number % 3 == 2:
            both = np.stack((phrase(number, seconds), 0.5 * phrase(number + 1000, seconds)), axis=1)
            soundfile.write(folder / f"take{number:02d}.flac", both, RATE)
        else:
            soundfile.write(folder / f"take{number:02d}.flac", phrase(number, seconds), RATE)
    return folder
