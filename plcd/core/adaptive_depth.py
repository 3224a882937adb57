"""``--depth auto``: when the playout point moves, and how far.

Theory of operation. The engine notes each packet's lead. A packet that came late makes it ask whether the leads want
a larger depth; if so, that much time is inserted at once. Now and then it asks whether they would do with a smaller one; then
time is skipped where that is least heard, at most once in :data:`SHRINK_EVERY_NS`, and never soon after growing.

Packets are decided on when the output asks for the frame that they begin in. If packets are whole frames long, all begin at the
same place in a frame, *phase* samples behind its start: skipping up to the phase costs no packet its time, skipping more costs
a whole frame. So moves are counted in frames there. Otherwise packets begin anywhere, and the largest phase is what counts.
"""

from math import ceil

from plcd.core.depth import MAX_DEPTH_MS
from plcd.core.lateness import RECENT, TOLERATED, Leads

SHRINK_EVERY_NS = 2_000_000_000
"""Between two looks at whether the depth may shrink."""
GROWN_NS = 10_000_000_000
"""So long after growing it does not shrink: what made it grow may come again."""
HURRY_NS = 20_000_000
"""So long growing waits for the packets that the inserted time is to lead over to; they are hardly ever further off."""
PATIENCE_NS = 8_000_000_000
"""Over this time of waiting for a good match a poorer one will do."""
BEST_DB, WORST_DB = -30.0, 0.0
"""What a splice's two ends may differ by, beside the music, at the beginning and after all patience: by then any music has
had a place."""
LOOK_PACKETS = 64
"""How often :attr:`AdaptiveDepth.depth` is renewed."""
TRY_EVERY_NS = 5_000_000
"""Between two looks for a match."""
LEAST_S, WORTH_S = 0.0005, 0.010
"""Less is never worth a splice; nor is less than half of what could be skipped, unless that is so much."""
FALLEN_S = 0.002
"""By so much the depth may be below the lowest, where all packets take longer than they did, before time is inserted for that:
the promptest of :data:`RECENT` packets differs from time to time."""


class AdaptiveDepth:
    """``lowest`` and ``highest`` depth, and ``frame``, in samples; ``rate`` in Hz."""

    def __init__(
        self, rate: int, frame: int, lowest: int, highest: int, tolerated: float = TOLERATED
    ) -> None:
        self.leads = Leads(rate, tolerated)
        self.lowest = lowest
        self.highest = highest
        self.aligned = True
        """Packets that are whole frames long keep their place in a frame; not while the output's clock is followed."""
        self.depth: int | None = None
        """What the promptest packets wait; None until that is known."""
        self._rate = rate
        self._frame = frame
        self._late = False
        self._grown_ns: int | None = None
        self._hurried_ns: int | None = None
        self._look_ns: int | None = None
        self._waiting_since_ns: int | None = None

    def note(self, lead: float, packet: int, phase: int) -> None:
        """A packet of ``packet`` samples came ``lead`` before its first sample was due, ``phase`` into the frame asked for."""
        self.leads.note(lead, packet)
        self._late = self._late or lead < phase
        if self.leads.count % LOOK_PACKETS == 0:
            self._know()

    def grow(self, packet: int, phase: int, now_ns: int) -> tuple[int, int] | None:
        """How many samples of time should be inserted now, at least and at most; None: none."""
        fallen = self._fallen()
        if not self._late and not fallen:
            return None
        wanted = self.leads.lack() + self._overhead(packet, phase) if self._late else 0.0
        if wanted > 0 and self._whole_frames(packet):
            wanted = ceil(wanted / self._frame) * self._frame - phase
        room = int(self.highest - self.leads.depth())
        least = min(ceil(max(wanted, fallen)), room)
        if least <= 0:
            self._late, self._hurried_ns = False, None
            return None
        if self._hurried_ns is None:
            self._hurried_ns = now_ns + HURRY_NS
        self._grown_ns = now_ns
        return least, room

    def hurries(self, now_ns: int) -> bool:
        """Growing cannot wait any longer for what it would lead over to."""
        return self._hurried_ns is not None and now_ns >= self._hurried_ns

    def shrink(self, packet: int, phase: int, now_ns: int) -> tuple[int, int] | None:
        """How many samples should be skipped now, at least and at most; None: none."""
        if self._look_ns is None:
            self._look_ns = now_ns + SHRINK_EVERY_NS
        if now_ns < self._look_ns or (self._grown_ns is not None and now_ns < self._grown_ns + GROWN_NS):
            return None
        most = self.leads.spare() - self._overhead(packet, phase)
        if self._whole_frames(packet):
            most = most // self._frame * self._frame + phase if most >= 0 else 0
        most = min(most, self.leads.depth() - self.lowest)
        least = max(LEAST_S * self._rate, min(most / 2, WORTH_S * self._rate))
        if most < least:
            self._look_ns = now_ns + SHRINK_EVERY_NS
            self._waiting_since_ns = None
            return None
        self._look_ns = now_ns + TRY_EVERY_NS
        if self._waiting_since_ns is None:
            self._waiting_since_ns = now_ns
        return round(least), int(most)

    def bar_db(self, now_ns: int) -> float:
        """How well a splice has to match by now."""
        waited_ns = 0 if self._waiting_since_ns is None else now_ns - self._waiting_since_ns
        return BEST_DB + (WORST_DB - BEST_DB) * min(1.0, waited_ns / PATIENCE_NS)

    def moved(self, inserted: int, now_ns: int) -> None:
        """Everything is due ``inserted`` samples later than before; negative: earlier."""
        self.leads.shift(inserted)
        self._know()
        self._late, self._hurried_ns = False, None
        self._look_ns = now_ns + SHRINK_EVERY_NS
        self._waiting_since_ns = None

    def forget(self) -> None:
        """Another stream, or another path."""
        self.leads.clear()
        self._late, self._hurried_ns = False, None
        self._waiting_since_ns = None

    def _know(self) -> None:
        """A sender whose packets lie far ahead of their time is no reason for a buffer without bounds."""
        self.depth = max(0, round(min(self.leads.depth(), MAX_DEPTH_MS * self._rate / 1000)))

    def _fallen(self) -> float:
        """By how much the depth is below the lowest, if that is worth a splice."""
        if (
            self.leads.count < RECENT
            or self.depth is None
            or self.depth >= self.lowest - FALLEN_S * self._rate
        ):
            return 0.0
        return max(0.0, self.lowest - self.leads.depth())

    def _whole_frames(self, packet: int) -> bool:
        return self.aligned and packet % self._frame == 0

    def _overhead(self, packet: int, phase: int) -> int:
        """How long before its first sample is due a packet has to be there, at most."""
        return phase if self._whole_frames(packet) else self._frame - 1
