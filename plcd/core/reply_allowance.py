"""How much may be sent to whoever sends to us: as much as came, so that a forged address cannot make plcd an amplifier.

Theory of operation. Each valid packet pays for one packet back, and for as many bytes. A packet that its sender's numbers say was
lost on the way is paid for too, while four came for each of those; and one in a thousand comes on top, since two clocks
never agree. What is not used is saved for the sender's next stall.
"""

NEEDED = 3
"""Valid packets from an address before anything is sent there."""
SILENCE_NS = 2_000_000_000
"""Nothing is sent any more so long after an address's last packet."""
MOST_SAVED = 256
"""Packets that may be saved up: a stall of the sender of 340 ms even in packets of 64 samples at 48 kHz."""
LARGEST_GAP = 64
"""Numbers that may have been lost in a row, as in :mod:`plcd.core.sources`."""

_PACKET = 1000
"""Amounts are in thousandths of a packet, or of a byte."""
_EARNED = 1001
_SPARE = 250
"""For each packet that came, towards those that did not."""


class ReplyAllowance:
    """Of one address at a time. ``factor``: how many times that much, for addresses that whoever runs plcd vouches for."""

    def __init__(self, factor: int = 1) -> None:
        self.address: tuple[str, int] | None = None
        self._factor = factor
        self._heard = self._packets = self._bytes = self._spare = 0
        self._last_ns = 0

    @property
    def saved(self) -> int:
        """Packets that might be sent at once."""
        return self._packets // _PACKET if self._heard >= NEEDED else 0

    def alive(self, now_ns: int) -> bool:
        """Whether something came lately."""
        return self.address is not None and now_ns - self._last_ns <= SILENCE_NS

    def heard(self, address: tuple[str, int], size: int, now_ns: int, missing: int = 0) -> None:
        """A valid packet of ``size`` bytes came, and ``missing`` before it did not.

        Another address than before, or one that was silent, starts from nothing.
        """
        if address != self.address or not self.alive(now_ns):
            self.address = address
            self._heard = self._packets = self._bytes = self._spare = 0
        self._heard += 1
        self._spare = min(self._spare + _SPARE, LARGEST_GAP * _PACKET)
        lost = min(missing, self._spare // _PACKET)
        self._spare -= lost * _PACKET
        earned = self._factor * (_EARNED + lost * _PACKET)
        most = self._factor * MOST_SAVED * _PACKET
        self._packets = min(self._packets + earned, most)
        self._bytes = min(self._bytes + earned * size, most * size)
        self._last_ns = now_ns

    def take(self, size: int, now_ns: int) -> bool:
        """Whether a packet of ``size`` bytes may be sent to :attr:`address` now; if so, it is reckoned as sent."""
        allowed = (
            self._heard >= NEEDED
            and self._packets >= _PACKET
            and self._bytes >= size * _PACKET
            and self.alive(now_ns)
        )
        if allowed:
            self._packets -= _PACKET
            self._bytes -= size * _PACKET
        return allowed
