"""What the tests of the comparison share: small clips, and the command run as a process."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

BENCH = Path(__file__).resolve().parents[2] / "bench"
QUALITY = [sys.executable, str(BENCH / "quality.py")]
RATE = 44_100


def music(seconds: float, seed: int = 0, channels: int = 1) -> NDArray[np.float32]:
    """A few decaying notes with some noise, ``(n, channels)``, on the grid of 16 bits."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros_like(time)
    for start in np.arange(0, seconds, 0.4):
        note = np.maximum(time - start, 0)
        hz = rng.uniform(150, 900)
        tones = sum(np.sin(2 * np.pi * k * hz * note) / k for k in range(1, 5))
        sound += (time >= start) * np.exp(-4 * note) * tones * 0.1
    sound += rng.normal(0, 1e-3, sound.size)
    mixed = np.stack([np.roll(sound, 50 * channel) for channel in range(channels)], axis=1)
    return (np.round(mixed * 32768) / 32768).astype(np.float32)


def clips(folder: Path, count: int = 2, seconds: float = 1.1) -> Path:
    """A folder with so many clips in it, each in a family of its own."""
    for index in range(count):
        family = folder / f"family{index}"
        family.mkdir(parents=True)
        soundfile.write(family / f"clip{index}.wav", music(seconds, index), RATE, "PCM_16")
    return folder


def run_quality(*arguments: str | Path, timeout: float = 100) -> "subprocess.CompletedProcess[str]":
    """The command with ``arguments``, to its end."""
    command = [*QUALITY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
