"""What running a system gives."""

from dataclasses import dataclass, field

from plcd.core.frame import Samples


@dataclass(frozen=True, slots=True, eq=False)
class Concealed:
    """What was played, and how long it took to make."""

    samples: Samples
    """As long as the input, ``(n, channels)`` float32."""
    lost_ns: list[int]
    """Time that each lost packet took, in order."""
    received_ns: list[int]
    """Time of the calls that only took or gave received packets; crossfades are in here."""
    ahead_ns: list[int] = field(default_factory=list)
    """Time that was spent ahead of each packet, for the case that it is lost."""
