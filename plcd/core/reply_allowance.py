"""How much may be sent to whoever sends to us: never more than came, so that a forged address cannot make plcd an amplifier."""

NEEDED = 3
"""Valid packets from an address before anything is sent there."""
SILENCE_NS = 2_000_000_000
"""Nothing is sent any more so long after an address's last packet."""
MOST_SAVED = 64
"""Replies that may be saved up: a stall of the sender of 85 ms even in packets of 64 samples at 48 kHz."""


class ReplyAllowance:
    """Of one address at a time: each valid packet from it allows one reply, which is no longer than that packet."""

    def __init__(self) -> None:
        self.address: tuple[str, int] | None = None
        self._heard = 0
        self._saved = 0
        self._size = 0
        self._last_ns = 0

    def heard(self, address: tuple[str, int], size: int, now_ns: int) -> None:
        """A valid packet of ``size`` bytes came. Another address than before, or one that was silent, starts from nothing."""
        if address != self.address or now_ns - self._last_ns > SILENCE_NS:
            self.address, self._heard, self._saved = address, 0, 0
        self._heard += 1
        self._saved = min(self._saved + 1, MOST_SAVED)
        self._size, self._last_ns = size, now_ns

    def take(self, size: int, now_ns: int) -> bool:
        """Whether a packet of ``size`` bytes may be sent to :attr:`address` now; if so, it is reckoned as sent."""
        allowed = (
            self._heard >= NEEDED
            and self._saved > 0
            and size <= self._size
            and now_ns - self._last_ns <= SILENCE_NS
        )
        self._saved -= allowed
        return allowed
