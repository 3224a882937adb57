"""What the model draws from one channel of both signals: patterns, bandwidths and harmonics, frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import Flags, Real, group
from plcd.scoring.peaq.bandwidth import bandwidth
from plcd.scoring.peaq.excitation import excitation, unsmeared
from plcd.scoring.peaq.harmonics import has_energy, structure
from plcd.scoring.peaq.spectrum import cut, frame_count, spectra

_BLOCK: Final = 256
"""Frames transformed at once: some 20 MiB of spectra, whatever the length of the signal."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Excitation of one signal before and after spreading over time, each ``(frames, 109)``."""

    unsmeared: Real
    excitation: Real


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a pair."""

    reference: Pattern
    test: Pattern
    noise: Real
    """Energy of the difference of the weighted magnitudes in each band, ``(frames, 109)`` (§4.5)."""
    bandwidths: Real
    """Of reference and test, ``(frames, 2)``, in lines."""
    harmonics: Real
    """Error harmonic structure, ``(frames,)``."""
    energetic: Flags
    """Which frames are loud enough for ``harmonics`` in either signal, ``(frames,)``."""


def analyse(reference: Real, test: Real) -> Channel:
    """Both signals of one channel, each ``(n,)`` at 48 kHz, full scale 1.0."""
    columns = zip(*_blocks(reference, test), strict=True)
    bands, test_bands, *others = (np.concatenate(column) for column in columns)
    return Channel(_pattern(bands), _pattern(test_bands), *others)


def _pattern(bands: Real) -> Pattern:
    pattern = unsmeared(bands)
    return Pattern(pattern, excitation(pattern))


def _blocks(reference: Real, test: Real) -> Iterator[tuple[Real, Real, Real, Real, Real, Flags]]:
    """Band energies of both signals and the other fields of a channel, one block of frames after the other."""
    count = frame_count(reference.size)
    for first in range(0, count, _BLOCK):
        frames = [cut(signal, first, min(_BLOCK, count - first)) for signal in (reference, test)]
        one, other = map(spectra, frames)
        yield (
            group(np.square(one.weighted)),
            group(np.square(other.weighted)),
            group(np.square(one.weighted - other.weighted)),
            np.stack(bandwidth(one.energy, other.energy), axis=1),
            structure(one.energy, other.energy),
            has_energy(frames[0]) | has_energy(frames[1]),
        )
