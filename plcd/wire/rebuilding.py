"""What parity protects, remembered until it is complete or too old: bounded in sources, packets and work."""

from collections import OrderedDict

from plcd.core.packet import SourceId
from plcd.wire.ulpfec import MAX_GROUP, Parity, rebuild

MAX_SOURCES = 40
"""Senders remembered: as many as a mix has at most, and a few on trial."""
MAX_PACKETS = 3 * MAX_GROUP
"""Packets of each: the largest group, with as many reordered around it."""
MAX_BYTES = 1 << 20
"""Of each sender's packets: so many of 7 kB, twice what 512 samples of 8 channels in 24 bits take; 0.2 MB usually."""
MAX_PARITIES = 32
"""Parity packets of each that wait for more of their packets."""


class _Window:
    """The newest packets of one sender, by number, and the parity that is of use yet."""

    def __init__(self) -> None:
        self.packets: OrderedDict[int, bytes] = OrderedDict()
        self.parities: OrderedDict[int, Parity] = OrderedDict()
        self.size = 0
        """Bytes of the packets."""

    def add(self, number: int, datagram: bytes) -> None:
        self.size += len(datagram) - len(self.packets.get(number, b""))
        self.packets[number] = datagram
        self.packets.move_to_end(number)
        while len(self.packets) > MAX_PACKETS or self.size > MAX_BYTES:
            self.size -= len(self.packets.popitem(last=False)[1])

    def rebuilt(self, ssrc: int) -> list[bytes]:
        """The packets that can be made now, each of which may help to make the next."""
        made: list[bytes] = []
        again = True
        while again:
            again = False
            for key, parity in list(self.parities.items()):
                missing = [number for number in parity.numbers if number not in self.packets]
                if len(missing) > 1:
                    continue
                del self.parities[key]
                if not missing:
                    continue
                others = [self.packets[number] for number in parity.numbers if number != missing[0]]
                datagram = rebuild(parity, others, missing[0], ssrc)
                if datagram is not None:
                    self.add(missing[0], datagram)
                    made.append(datagram)
                    again = True
        return made


class Rebuilder:
    """Takes every packet of every sender; gives those that were missing as soon as they can be made."""

    def __init__(self) -> None:
        self._windows: OrderedDict[SourceId, _Window] = OrderedDict()

    def packet(self, source: SourceId, number: int, datagram: bytes) -> list[bytes]:
        """A packet came. Returns other RTP packets, which did not come and can now be rebuilt."""
        window = self._window(source)
        window.add(number, datagram)
        return window.rebuilt(source.stream) if window.parities else []

    def parity(self, source: SourceId, number: int, parity: Parity) -> list[bytes]:
        """Likewise for a parity packet under the number ``number``."""
        window = self._window(source)
        window.parities[number] = parity
        if len(window.parities) > MAX_PARITIES:
            window.parities.popitem(last=False)
        return window.rebuilt(source.stream)

    def _window(self, source: SourceId) -> _Window:
        if source not in self._windows:
            self._windows[source] = _Window()
            if len(self._windows) > MAX_SOURCES:
                self._windows.popitem(last=False)
        self._windows.move_to_end(source)
        return self._windows[source]
