"""Datagrams on their way into the engine: parsed, or counted."""

import logging
from collections import Counter
from collections.abc import Callable

from plcd.core.engine import Engine
from plcd.core.mixer import Mixer
from plcd.io.limited_log import LimitedLog
from plcd.io.srtp import Unprotector
from plcd.io.udp import Datagram, UdpReceiver
from plcd.wire.errors import WireError
from plcd.wire.formats import Formats

log = logging.getLogger("plcd.engine")


class Intake:
    """Used by the engine's thread alone. Counts by reason what could not be read."""

    def __init__(self, formats: Formats) -> None:
        self.formats = formats
        self.malformed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.unprotector: Unprotector | None = None
        """Where only SRTP is heard."""
        self.on_authentic: Callable[[bytes, str, int, int], None] | None = None
        """Told of what it opened from an address that is heard (packet, host, port, arrival)."""
        self._limited = LimitedLog(log)

    def take_in(self, receiver: UdpReceiver, engine: Engine | Mixer) -> None:
        """Parse what arrived and give it to ``engine``."""
        waiting = receiver.queue
        for _ in range(len(waiting)):
            self.take(waiting.popleft(), engine)

    def take(self, datagram: Datagram, engine: Engine | Mixer) -> None:
        """Parse one datagram and give it to ``engine``."""
        data, host, port, arrival_ns = datagram
        try:
            if self.unprotector is not None:
                data = self.unprotector.unprotect(data, arrival_ns)
            packets = self.formats.parse(data, host, port)
        except WireError as error:
            tally = self.refused if error.reason.refused else self.malformed
            tally[error.reason] += 1
            say = self._limited.info if error.reason.harmless else self._limited.warning
            say(error.reason, f"packet from {host} port {port}: {error}")
        else:
            for packet in packets:
                engine.insert(packet, arrival_ns)
            if self.on_authentic is not None and (host, port) in engine.addresses:
                self.on_authentic(data, host, port, arrival_ns)
            for blank in self.formats.rtp.take_blanks():
                engine.note(blank)
