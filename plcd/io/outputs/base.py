"""The contract between the engine thread and an output."""

from dataclasses import dataclass
from typing import Protocol

from plcd.core.frame import PlayedFrame


class DeviceError(Exception):
    """The output cannot be opened or has failed for good. The message says what to do."""


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """What an output reports of itself; all counts since it opened."""

    name: str
    """As a person would call it: ``null``, ``file:take.wav``, the device's name."""
    underruns: int
    """Callbacks that found less than a period, or timer ticks more than a period late."""
    ring_ms: float
    """Delay of the ring between engine and device, in milliseconds (0 where there is none)."""
    device_ms: float
    """Delay the device reports, in milliseconds (0 where there is none)."""
    lost: bool = False
    """The device is gone and being reopened; time is kept by a timer meanwhile."""


class Output(Protocol):
    """Paces the engine and takes its frames. Used by the engine thread alone, except ``status`` and ``close``.

    Life: ``start`` once, then ``wait`` / ``write`` in turn, then ``close``.
    """

    def start(self, first_ns: int) -> None:
        """Begin. A timer asks for its first frame at ``first_ns`` (monotonic, may lie in the past); a device starts now.

        Raises DeviceError.
        """

    def wait(self) -> int:
        """Block, without the GIL, until one more frame is wanted; the monotonic instant in ns for which it is asked."""

    def write(self, frame: PlayedFrame) -> None:
        """Take the frame that was asked for."""

    def status(self) -> OutputStatus:
        """A consistent view, from any thread."""

    def close(self) -> None:
        """Play or write out what was taken, then release everything. Idempotent."""
