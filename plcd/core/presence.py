"""The mask that says which samples are there, and the runs in it."""

import numpy as np
from numpy.typing import NDArray

from plcd.core.jit import kernel

Mask = NDArray[np.bool_]


@kernel
def run_end(present: Mask, start: int, limit: int) -> int:
    """Where the run of equal flags that begins at ``start`` ends; ``limit`` if it reaches that far."""
    end = start + 1
    while end < limit and present[end] == present[start]:
        end += 1
    return end
