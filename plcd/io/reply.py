"""What goes back to one address that is heard, in its own form, and never more than comes from there.

Theory of operation. The form is taken from the peer's packets once the allowance permits a reply. Without an input each packet is
answered by one of silence, since a JackTrip peer gives up a session in which nothing comes; an RTP sender gets nothing. With
one, what is captured goes out as it comes, from the moment on when enough is saved up for a stall of the peer. All on the event
loop's thread.
"""

import logging
from dataclasses import dataclass, field

from plcd.core.frame import Samples
from plcd.core.positions import SEQUENCE_BITS, difference
from plcd.core.reply_allowance import LARGEST_GAP, MOST_SAVED, NEEDED, ReplyAllowance
from plcd.io.outgoing import SRTP_BYTES, Outgoing, Repair, Send, datagram_bytes
from plcd.io.srtp_key import SrtpKey
from plcd.wire.answering import Answer, Sighting

log = logging.getLogger("plcd.reply")

SAVED_S = 0.1
"""Of packets that must have come before the input is sent: the peer's jitter then does not hold it up."""
STEADY = 8
"""Packets of another size in a row, before answers change theirs: some senders cut periods in unequal parts."""


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """How peers are answered."""

    repair: Repair = field(default_factory=Repair)
    """As far as the peer itself sends that much; for those that are vouched for in any case."""
    vouched: bool = False
    """Whether addresses cannot be forged, or are all ones that may be sent to."""
    key: SrtpKey | None = None
    live: bool = False
    """There is an input."""


class Reply:
    """Answers one address."""

    def __init__(self, send: Send, address: tuple[str, int], options: ReplyOptions) -> None:
        self.address = address
        self.outgoing: Outgoing | None = None
        self.done_sent = self.done_withheld = 0
        """Of streams before this one, in other forms."""
        self._send = send
        self._options = options
        repair = options.repair
        more = options.vouched and (repair.redundancy or repair.fec)
        self._allowance = ReplyAllowance(2 * (repair.redundancy + 1) if more else 1)
        self._newest: int | None = None
        self._answer: Answer | None = None
        self._other = 0
        self._largest = 0
        self._parity = False

    @property
    def sent(self) -> int:
        """Datagrams so far."""
        return self.done_sent + (self.outgoing.sent if self.outgoing else 0)

    @property
    def withheld(self) -> int:
        """Datagrams that would have been more than came."""
        return self.done_withheld + (self.outgoing.withheld if self.outgoing else 0)

    def alive(self, now_ns: int) -> bool:
        """Whether it may still be answered."""
        return self._allowance.alive(now_ns)

    def heard(self, sighting: Sighting, size: int, now_ns: int) -> None:
        """A valid datagram of ``size`` bytes came."""
        missing = 0
        if self._newest is not None:
            ahead = difference(sighting.sequence, self._newest, SEQUENCE_BITS)
            missing = ahead - 1 if 1 <= ahead <= LARGEST_GAP else 0
            self._newest = sighting.sequence if ahead > 0 or ahead < -LARGEST_GAP else self._newest
        else:
            self._newest = sighting.sequence
        self._allowance.heard(self.address, size, now_ns, missing)
        self._largest = max(self._largest, size)
        if sighting.answer is None:
            self._parity = True
            if self.outgoing is not None and self._options.live:
                self.outgoing.begin_parity(self._options.repair.fec)
            return
        self._settle(sighting.answer)
        if self.outgoing is None and self._ready():
            self._begin()
        if not self._options.live and sighting.answer.payload_type is None and self.outgoing is not None:
            self.outgoing.silence(now_ns)

    def feed(self, block: Samples, rate: int, now_ns: int) -> None:
        """Captured audio ``(n, channels)`` at ``rate`` Hz."""
        if self.outgoing is not None and self._allowance.alive(now_ns):
            self.outgoing.feed(block, rate, now_ns)

    def close(self, now_ns: int) -> None:
        """Say goodbye."""
        if self.outgoing is not None:
            self.outgoing.farewell(now_ns)

    def _settle(self, answer: Answer) -> None:
        """Take ``answer`` for the peer's form, if it is new and no passing change of size."""
        if self._answer is None or answer == self._answer:
            self._answer, self._other = answer, 0
            return
        self._other += 1
        same_but_size = answer._replace(samples=self._answer.samples) == self._answer
        if same_but_size and self._other < STEADY:
            return
        self._answer, self._other, self._largest = answer, 0, 0
        if self.outgoing is not None:
            self.done_sent += self.outgoing.sent
            self.done_withheld += self.outgoing.withheld
            self.outgoing = None

    def _ready(self) -> bool:
        assert self._answer is not None
        if not self._options.live:
            return self._allowance.saved >= NEEDED
        packets = int(SAVED_S * self._answer.stream.rate / self._answer.samples)
        return self._allowance.saved >= min(max(NEEDED, packets), MOST_SAVED // 2)

    def _begin(self) -> None:
        assert self._answer is not None
        repair = self._granted(self._answer) if self._options.live else Repair()
        make = (self._send, self.address, self._answer)
        key = self._options.key
        try:
            self.outgoing = Outgoing(*make, repair, key, self._allowance.take)
        except ValueError as error:
            log.warning("%s port %d is sent no copies or parity: %s", *self.address, error)
            self.outgoing = Outgoing(*make, Repair(), key, self._allowance.take)
        if self._options.live:
            log.info(
                "sending to %s port %d: %s, packets of %d",
                *self.address,
                self._answer.stream,
                self._answer.samples,
            )

    def _granted(self, answer: Answer) -> Repair:
        """What may be sent beside the audio."""
        asked = self._options.repair
        if self._options.vouched:
            return asked
        copies = asked.redundancy
        room = self._largest - (SRTP_BYTES if self._options.key else 0)
        while copies and not _fits(answer, copies, room):
            copies -= 1
        fec = asked.fec if self._parity else 0
        if (copies, fec) != (asked.redundancy, asked.fec):
            log.warning(
                "%s port %d gets no more copies or parity than it sends, since its address may be forged: "
                "name those who may be heard by --allow, or use --srtp-key",
                *self.address,
            )
        return Repair(copies, fec)


def _fits(answer: Answer, copies: int, room: int) -> bool:
    try:
        return datagram_bytes(answer, copies) <= room
    except ValueError:
        return False
