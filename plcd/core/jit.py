"""Compiles the numeric kernels: machine code without the GIL, cached on disk where a cache can be written.

The one module of the core that knows of a file system, because numba's cache lives there.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

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


class _Cache:
    """Around numba's of one kernel: what cannot be read (a file cut short) or written (a full disk) is compiled again."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, *key: object) -> object:
        try:
            return self._cache.load_overload(*key)
        except Exception:  # unpickling whatever a file holds raises anything
            self._write(self._cache.flush)
            return None

    def save_overload(self, *overload: object) -> None:
        self._write(self._cache.save_overload, *overload)

    def _write(self, action: Callable[..., object], *arguments: object) -> None:
        try:
            action(*arguments)
        except OSError:
            self._cache.disable()


def kernel(function: Function) -> Function:
    """Compile ``function`` on its first call with each set of argument types."""
    decorate = numba.njit(nogil=True, cache=CACHE, fastmath=REASSOCIATE, error_model="numpy")
    dispatcher: Any = decorate(function)
    if CACHE:
        dispatcher._cache = _Cache(dispatcher._cache)
    return cast(Function, dispatcher)
