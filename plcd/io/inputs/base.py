"""The contract between the session and an input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from plcd.core.frame import Samples


class Pace(NamedTuple):
    """What the peer's packets are: blocks of an input are to come as often, and where it can, in the same rate."""

    rate: int
    """Hz."""
    channels: int
    samples: int


class InputError(Exception):
    """The input has failed. The message is one line."""


@dataclass(frozen=True, slots=True)
class InputStatus:
    """What an input reports of itself."""

    name: str
    underruns: int = 0
    """Blocks of silence sent in the place of audio that was not there, and stretches that a device lost."""
    lost: bool = False
    """It is gone; silence is sent meanwhile."""


Deliver = Callable[[Samples, int], None]
"""(block ``(n, channels)``, its rate in Hz). Called on the input's own thread."""


class Input(Protocol):
    """Delivers blocks at its own pace whatever happens: silence, where there is nothing else.

    Life: ``start`` once, then ``begin`` and ``pause`` as often as they are wanted, then ``close``.
    """

    def start(self, deliver: Deliver) -> None:
        """Say where blocks go. None comes yet."""

    def begin(self, pace: Pace) -> None:
        """From now on blocks are wanted, at this pace. The same pace again changes nothing."""

    def pause(self) -> None:
        """They are not wanted for now: nobody is there."""

    def status(self) -> InputStatus:
        """A consistent view, from any thread."""

    def close(self) -> None:
        """Stop for good; nothing is delivered once this has returned."""
