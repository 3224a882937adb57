"""What is deleted from which clip: whole patches of 16 kHz, 10 to 70 % of each, in one block or in blocks of 4 to 16 frames."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from comparison.clips import Clip
from numpy.typing import NDArray

from plcd.neural.patches import BINS, FRAMES, FULL_SCALE, HOP, RATE, SIZE, Flags, Picture, Wave, spectra
from plcd.restoration.bands import Band
from plcd.training.data.deletion import blocks, one_block

KINDS: Final = ("block", "blocks")
LEAST, MOST = 0.1, 0.7
SHORTEST, LONGEST = 4, 16
SILENT: Final = 1e-5
"""Largest magnitude of a frame, as in training: patches with softer frames are left out of the figures, not of the sound."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One clip with one kind of deletion."""

    clip: str
    family: str
    kind: str
    key: str
    """Hash of what is heard and what is deleted."""
    wave: Wave
    """At 16 kHz, ``(n,)``."""
    deleted: Flags
    """Frames, a multiple of ``FRAMES``."""

    def spectra(self) -> NDArray[np.complex128]:
        return spectra(self.wave)

    def patches(self) -> Iterator[tuple[Picture, Flags]]:
        """Each whole patch that can be judged: as it was, and what is deleted of it."""
        whole = np.abs(self.spectra()[:BINS]) / FULL_SCALE
        for start in range(0, self.deleted.size, FRAMES):
            truth = whole[:, start : start + FRAMES]
            if truth.max(axis=0).min() > SILENT:
                yield truth, self.deleted[start : start + FRAMES]


def case_of(clip: Clip, kind: str) -> Case:
    """The whole patches of ``clip``, mixed to one channel; what is deleted follows from clip and kind."""
    mono = clip.samples.astype(np.float64).mean(axis=1)
    low = Band(mono.size, clip.rate).down(mono)
    count = ((low.size - SIZE) // HOP + 1) // FRAMES
    wave = low[: (count * FRAMES - 1) * HOP + SIZE]
    parts = []
    for number in range(count):
        rng = np.random.default_rng(zlib.crc32(f"{clip.digest} {number}".encode()))
        share = float(rng.uniform(LEAST, MOST))
        parts.append(one_block(share, rng) if kind == "block" else blocks(share, SHORTEST, LONGEST, rng))
    deleted = np.concatenate(parts)
    key = f"{zlib.crc32(deleted.tobytes()):08x}-{clip.digest[:16]}"
    assert low.size / RATE > 0.5
    return Case(clip.name, clip.family, kind, key, wave, deleted)
