"""Each peer of a mix in a file of its own, from the moment it joins until it leaves."""

import logging
import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from plcd.core.peer import Peer
from plcd.io.recorder import Recorder

log = logging.getLogger(__name__)


class PeerRecorders:
    """Files in ``folder``, which is there: what each peer's engine played, at ``rate`` Hz, in its own channels, before the gain.

    A file's sidecar says where in the mix it begins (``start``, in samples). Engine thread only.
    """

    def __init__(self, folder: Path, rate: int, packet: int) -> None:
        self._folder = folder
        self._rate = rate
        self._packet = packet
        self._began = time.strftime("%Y%m%d-%H%M%S")
        self._open: dict[int, Recorder | None] = {}
        """By the peer's number; None where its file could not be made."""
        self._closing: list[threading.Thread] = []

    def write(self, peers: Sequence[Peer]) -> None:
        """Append what each of ``peers`` played in the newest frame; those that are gone are complete."""
        for peer in peers:
            if peer.frame is None:
                continue
            if peer.number not in self._open:
                self._open[peer.number] = self._begin(peer, peer.frame.audio.shape[1])
            recorder = self._open[peer.number]
            if recorder is not None:
                recorder.write(peer.frame)
        if len(self._open) > len(peers):
            here = {peer.number for peer in peers}
            for number in [number for number in self._open if number not in here]:
                self._end(self._open.pop(number))

    def status(self, number: int) -> dict[str, object] | None:
        """See :meth:`Recorder.status`; None where nothing is recorded of the peer ``number``."""
        recorder = self._open.get(number)
        return recorder.status() if recorder is not None else None

    def close(self) -> None:
        """Complete all files."""
        for recorder in self._open.values():
            self._end(recorder)
        self._open.clear()
        for thread in self._closing:
            thread.join()

    def _begin(self, peer: Peer, channels: int) -> Recorder | None:
        host, port, stream = peer.source
        plain = re.sub(r"[^0-9A-Za-z.]", "_", host)
        path = self._folder / f"{self._began}-peer{peer.number:02d}-{plain}-{port}-{stream:08x}.wav"
        try:
            return Recorder(
                path, self._rate, channels, self._packet, exclusive=True, start=peer.since * self._packet
            )
        except (OSError, ValueError) as error:
            log.error("peer %d is not recorded: %s", peer.number, error)
            return None

    def _end(self, recorder: Recorder | None) -> None:
        """Completing a file reads all of it: not while a frame waits."""
        self._closing = [thread for thread in self._closing if thread.is_alive()]
        if recorder is not None:
            self._closing.append(threading.Thread(target=recorder.close, name="plcd-recorded"))
            self._closing[-1].start()
