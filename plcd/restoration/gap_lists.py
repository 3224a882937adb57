"""Lists of gaps: in order, apart from each other, inside the file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plcd.core.loss import Flags
from plcd.restoration.restorer import Mask

Gaps = NDArray[np.int64]
"""Shape ``(n, 2)``: first sample of each gap and first sample behind it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the gaps of one file are."""

    gaps: Gaps
    """As :func:`merged` gives them."""
    source: str
    """What says so, for the user: the sidecar's name, the trace's, ``auto``."""
    notes: tuple[str, ...] = ()
    """One line each that the user should read."""


def merged(gaps: Gaps, samples: int) -> Gaps:
    """``gaps`` in order, those that touch or overlap made one, cut to a file of so many ``samples``, empty ones left out."""
    inside = np.clip(np.asarray(gaps, np.int64).reshape(-1, 2), 0, samples)
    inside = inside[inside[:, 1] > inside[:, 0]]
    if not inside.size:
        return inside
    inside = inside[np.argsort(inside[:, 0], kind="stable")]
    reached = np.maximum.accumulate(inside[:, 1])
    begins = np.concatenate(([True], inside[1:, 0] > reached[:-1]))
    last = np.concatenate((begins[1:], [True]))
    return np.stack((inside[begins, 0], reached[last]), axis=1)


def of_trace(flags: Flags, packet: int, samples: int) -> Gaps:
    """The lost packets of ``packet`` samples each; see :func:`plcd.core.trace.check_length` for traces that fit a file."""
    starts = np.flatnonzero(flags).astype(np.int64) * packet
    return merged(np.stack((starts, starts + packet), axis=1), samples)


def mask_of(gaps: Gaps, start: int, stop: int) -> Mask:
    """Which of the samples ``start`` to ``stop`` lie in one of ``gaps`` (merged)."""
    mask = np.zeros(stop - start, np.bool_)
    first = int(np.searchsorted(gaps[:, 1], start, "right"))
    last = int(np.searchsorted(gaps[:, 0], stop, "left"))
    for begin, end in gaps[first:last].tolist():
        mask[max(begin - start, 0) : end - start] = True
    return mask


def restored_name(path: Path, what: str = "restored") -> Path:
    """``session.wav`` becomes ``session.restored.wav``."""
    return path.with_name(f"{path.stem}.{what}{path.suffix}")
