"""How the audio callback wakes the engine thread.

A post is only a hint to look at the ring, whose indices are the truth: posts may melt into one another, and a waiter
looks again after each.
"""

import contextlib
import os
import select
import sys
import threading
import weakref
from typing import Protocol


class Semaphore(Protocol):
    """``post`` never blocks; ``wait`` does, without the GIL."""

    descriptor: int
    """What machine code may write 8 bytes to in order to post; -1 where that does not exist."""

    def post(self) -> None:
        """Wake the waiter, or let its next wait return at once."""

    def wait(self, timeout_s: float) -> bool:
        """Until a post, and use up all there were; False if none came in time."""


class DescriptorSemaphore:
    """An eventfd where the kernel has it (Linux), else a non-blocking pipe. Closed when nothing refers to it any more:
    never under a thread that still polls it or a callback that still writes to it."""

    def __init__(self, pipe: bool = not hasattr(os, "eventfd")) -> None:
        if pipe or sys.platform != "linux":
            self._readable, self.descriptor = os.pipe()
            os.set_blocking(self._readable, False)
            os.set_blocking(self.descriptor, False)
            weakref.finalize(self, os.close, self.descriptor)
        else:
            self.descriptor = self._readable = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._readable)
        self._poll = select.poll()
        self._poll.register(self._readable, select.POLLIN)

    def post(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: there are posts enough to wake anyone
            os.write(self.descriptor, (1).to_bytes(8, sys.byteorder))

    def wait(self, timeout_s: float) -> bool:
        if not self._poll.poll(timeout_s * 1000):
            return False
        with contextlib.suppress(BlockingIOError):
            os.read(self._readable, 65536)
        return True


class ThreadSemaphore:
    """Where descriptors cannot be polled (Windows): for callbacks in Python only."""

    descriptor = -1

    def __init__(self) -> None:
        self._event = threading.Event()

    def post(self) -> None:
        self._event.set()

    def wait(self, timeout_s: float) -> bool:
        posted = self._event.wait(timeout_s)
        self._event.clear()
        return posted


def make_semaphore() -> Semaphore:
    """The best one this platform has."""
    return DescriptorSemaphore() if hasattr(select, "poll") else ThreadSemaphore()
