"""What is counted, apart from the packets of the running stream."""

from collections import Counter
from dataclasses import dataclass, field

from plcd.core.frame import Origin
from plcd.core.packet import StreamFormat
from plcd.core.packet_ledger import PacketLedger

PACKET_COUNTS = (
    "on_time",
    "late",
    "lost",
    "recovered_by_copy",
    "recovered_by_parity",
    "reordered",
    "duplicate",
)

MOST_REASONS = 16
"""Formats that are counted by name."""


@dataclass(slots=True)
class Counters:
    """Owned by the engine. ``past`` sums the packets of streams that ended."""

    frames: int = 0
    """Frames played; the sum of ``by_origin``."""
    by_origin: list[int] = field(default_factory=lambda: [0] * len(Origin))
    streams: int = 0
    """Streams accepted; all but the first are restarts."""
    reanchored: int = 0
    grown: int = 0
    """Times an adaptive depth was enlarged."""
    shrunk: int = 0
    foreign: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    past: Counter[str] = field(default_factory=Counter)

    def retire(self, ledger: PacketLedger) -> None:
        """Add a stream that ended to the past."""
        for name in PACKET_COUNTS:
            self.past[name] += getattr(ledger, name)

    def refuse(self, form: StreamFormat, packets: int = 1) -> bool:
        """Count packets of a format that is not played; whether they are the first. Names of formats are bounded in number."""
        reason = f"format {form}"
        if len(self.refused) >= MOST_REASONS and reason not in self.refused:
            reason = "format (others)"
        first = not self.refused[reason]
        self.refused[reason] += packets
        return first

    def add(self, other: "Counters") -> None:
        """What another one counted of streams that were heard beside this one's, but for frames and packets: their first streams
        are no restarts.
        """
        self.streams += max(0, other.streams - 1)
        self.reanchored += other.reanchored
        self.grown += other.grown
        self.shrunk += other.shrunk
        self.foreign += other.foreign
        self.refused.update(other.refused)

    def packets(self, ledgers: list[PacketLedger]) -> dict[str, int]:
        """Totals over all streams. ``received`` = on time + late + duplicate; ``recovered`` = by copy + by parity;
        ``expected`` = on time + late + lost + recovered."""
        total = {
            name: self.past[name] + sum(getattr(ledger, name) for ledger in ledgers) for name in PACKET_COUNTS
        }
        total["received"] = total["on_time"] + total["late"] + total["duplicate"]
        total["recovered"] = total["recovered_by_copy"] + total["recovered_by_parity"]
        total["expected"] = total["on_time"] + total["late"] + total["lost"] + total["recovered"]
        return total
