"""A method that works in other processes, wherever an executor runs them: windows go there, their missing samples come back.

Files, journals and outputs stay here, so no disk is shared, and what is finished is kept like that of a local run.
"""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, wait
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from plcd.offline.fingerprint import fingerprint, version
from plcd.restoration.errors import RestorationError
from plcd.restoration.methods import METHODS, Options, make
from plcd.restoration.restorer import Audio, Progress, Reach, Restorer, Window

_ARITHMETIC: Final = ("numpy", "numba")
"""Packages that every method computes with."""
_LOOKED_S: Final = 0.2
"""So often a waiting thread looks whether it is to stop."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The method a process is to have: of this name, and the same as here."""

    name: str
    options: Options
    code: str
    """Hash of the source of all methods."""
    packages: tuple[tuple[str, str], ...]
    """Versions of those installed here that the method computes with."""

    @classmethod
    def here(cls, name: str, options: Options) -> "Asked":
        needs = (*_ARITHMETIC, *METHODS[name].needs)
        versions = tuple(
            (package, version(package)) for package in needs if package not in METHODS[name].absent
        )
        return cls(name, options, _code(), versions)


class Remote:
    """A :class:`plcd.restoration.restorer.Restorer` that has ``executor`` do the work, one window a task; several threads
    may use it at once.

    What the method needs has to be there, not here. Raises RestorationError where it cannot be had. Once ``stopped`` is set,
    whoever waits gets a KeyboardInterrupt.
    """

    def __init__(self, name: str, options: Options, executor: Executor, stopped: threading.Event) -> None:
        self._asked = Asked.here(name, replace(options, folder=None))
        self._executor = executor
        self._stopped = stopped
        self._reaches: dict[int, Reach] = {}
        self._identity: str = self._ask(identity_of, self._asked)

    @property
    def identity(self) -> str:
        """As the process has it that was asked first; the others are held to it."""
        return self._identity

    def reach(self, rate: int) -> Reach:
        """See :class:`plcd.restoration.restorer.Restorer`."""
        if rate not in self._reaches:
            self._reaches[rate] = self._ask(reach_of, self._asked, rate)
        return self._reaches[rate]

    def restore(self, window: Window, progress: Progress) -> Audio:
        """See :class:`plcd.restoration.restorer.Restorer`. Nothing is heard of a window before it is done."""
        restored: Audio = self._ask(restore_window, self._asked, self._identity, window)
        return restored

    def _ask(self, function: Callable[..., Any], *arguments: object) -> Any:
        """What ``function`` gives in some process. Whatever else it raises there is a RestorationError of one line."""
        try:
            future = self._executor.submit(function, *arguments)
            while not future.done():
                if self._stopped.is_set():
                    future.cancel()
                    raise KeyboardInterrupt
                wait((future,), _LOOKED_S)
            return future.result()
        except RestorationError:
            raise
        except (CancelledError, ConnectionError):
            raise RestorationError("the cluster is gone; the same command goes on when it is back") from None
        except ModuleNotFoundError as error:
            raise RestorationError(
                f"a worker has no {error.name}: every machine needs this version of plcd"
            ) from None
        except Exception as error:
            told = (str(error).splitlines() or [""])[0]
            raise RestorationError(f"a worker failed: {type(error).__name__}: {told}") from None


def identity_of(asked: Asked) -> str:
    """In another process: the method's identity. Raises RestorationError where it is not to be had, or is another one."""
    return _method(asked).identity


def reach_of(asked: Asked, rate: int) -> Reach:
    """In another process: what the method wants at ``rate``. Raises RestorationError."""
    return _method(asked).reach(rate)


def restore_window(asked: Asked, identity: str, window: Window) -> Audio:
    """In another process: the missing samples of ``window``. Raises RestorationError."""
    method = _method(asked)
    if method.identity != identity:
        raise RestorationError(
            f"workers have different models or settings of {asked.name}; every machine needs the same"
        )
    return method.restore(window, lambda _: None)


_own = threading.local()


def _method(asked: Asked) -> Restorer:
    """One for each thread, since a method does one window at a time."""
    if getattr(_own, "asked", None) != asked:
        for package, wanted in asked.packages:
            if version(package) != wanted:
                raise RestorationError(
                    f"a worker has {package} {version(package)}, but here it is {wanted}; every machine needs the same"
                )
        if asked.code != _code():
            raise RestorationError("a worker has another version of plcd; every machine needs the same")
        _own.method = make(asked.name, asked.options)
        _own.asked = asked
    method: Restorer = _own.method
    return method


@cache
def _code() -> str:
    return fingerprint(("plcd.restoration.methods",))
