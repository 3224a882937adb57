"""Compiles the numeric kernels: machine code without the GIL, cached on disk where a cache can be written.

The one module of the core that knows of a file system, because numba's cache lives there.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])

REASSOCIATE = {"reassoc", "contract", "nsz", "arcp"}
"""Lets sums be reordered into vector lanes; keeps the meaning of NaN and infinity, which guards test for."""


def _cache_works() -> bool:
    """Numba finds its cache place when it decorates (beside the source, else the user's cache) and raises if none is writable."""
    try:
        numba.njit(cache=True)(_probe)
    except (RuntimeError, OSError):
        return False
    return True


def _probe() -> int:
    return 0


CACHE: bool = _cache_works()
"""Whether compiled kernels survive the process."""


def kernel(function: Function) -> Function:
    """Compile ``function`` on its first call with each set of argument types."""
    decorate = numba.njit(nogil=True, cache=CACHE, fastmath=REASSOCIATE, error_model="numpy")
    return cast(Function, decorate(function))
