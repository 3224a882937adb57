"""What there is to compare by ear, and what such a comparison needs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REFERENCE = "reference"
"""What results call the hidden reference; no output may have this name."""

ANCHOR = "zero"
"""The output that everyone should rate low: holes filled with silence."""

MOST_OUTPUTS = 25
"""With the hidden reference these are the letters from A to Z. ITU-R BS.1534-3 asks for no more than 12 stimuli."""

RATES_HZ = (8_000, 192_000)
"""What every browser plays."""

LEAST_S = 0.5
"""The shortest loop that ITU-R BS.1534-3 lets a listener choose; a clip is at least one such loop."""


@dataclass(frozen=True)
class ListeningItem:
    """One clip: what was sent, and what each system made of it."""

    clip: str
    """Its name, which listeners see."""
    rate: int
    """Samples a second."""
    reference: NDArray[np.float32]
    """(samples, channels), full scale 1."""
    outputs: dict[str, NDArray[np.float32]]
    """By the system's name, each shaped as the reference."""


def check_items(items: Sequence[ListeningItem]) -> None:
    """Raises ValueError, with one line that says what is wrong, for items that cannot be compared."""
    if not items:
        raise ValueError("no clips to listen to")
    names = [item.clip for item in items]
    for item in items:
        if not item.clip.strip():
            raise ValueError("a clip has no name")
        if names.count(item.clip) > 1:
            raise ValueError(f"two clips are named {item.clip}")
        _check_clip(item)
        if set(item.outputs) != set(items[0].outputs):
            differing = ", ".join(sorted(set(item.outputs) ^ set(items[0].outputs)))
            raise ValueError(f"{item.clip} and {names[0]} do not have the same systems: {differing}")


def _check_clip(item: ListeningItem) -> None:
    clip = item.clip
    lowest, highest = RATES_HZ
    if not lowest <= item.rate <= highest:
        raise ValueError(f"{clip}: {item.rate} Hz is outside the {lowest} to {highest} Hz that browsers play")
    if ANCHOR not in item.outputs:
        raise ValueError(f"{clip}: no output named {ANCHOR}, which is the anchor")
    if len(item.outputs) > MOST_OUTPUTS:
        raise ValueError(f"{clip}: {len(item.outputs)} systems are more than {MOST_OUTPUTS}")
    for name in item.outputs:
        if not name.strip():
            raise ValueError(f"{clip}: a system has no name")
        if name == REFERENCE:
            raise ValueError(f"{clip}: no system may be named {REFERENCE}, which is the hidden reference")
    shape = item.reference.shape
    if len(shape) != 2 or not 1 <= shape[1] <= 2:
        raise ValueError(f"{clip}: the reference has shape {shape}, not (samples, 1 or 2 channels)")
    if shape[0] < LEAST_S * item.rate:
        raise ValueError(f"{clip}: {shape[0]} samples are less than {LEAST_S} s")
    for name, audio in {REFERENCE: item.reference, **item.outputs}.items():
        if audio.shape != shape:
            raise ValueError(f"{clip}: {name} has shape {audio.shape}, the reference {shape}")
        if not np.isfinite(audio).all():
            raise ValueError(f"{clip}: {name} has samples that are not finite")
