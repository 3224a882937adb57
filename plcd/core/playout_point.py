"""When a stream's samples are played: at the depth asked for, or at one that follows the network, and in the sender's clock."""

from functools import partial

from plcd.core.adaptive_depth import AdaptiveDepth
from plcd.core.choosing import Log
from plcd.core.counters import Counters
from plcd.core.depth import Depth
from plcd.core.frame import PlayedFrame
from plcd.core.playout import Playout
from plcd.core.resampled import Resampled
from plcd.core.stream import Stream


class PlayoutPoint:
    """``frame``: samples that the output asks for. ``resampled``: what follows the sender's clock."""

    def __init__(self, frame: int, resampled: Resampled, counters: Counters, log: Log) -> None:
        self.resampled = resampled
        self.adaptive: AdaptiveDepth | None = None
        """What makes the depth follow the network, if it is to."""
        self._frame = frame
        self._counters = counters
        self._log = log

    def begin(self, stream: Stream, depth: Depth) -> None:
        """``stream`` will be played from now on: nothing is known of its network and its clock."""
        self.resampled.restart()
        self.adaptive = self._following(stream, depth)

    def pull(self, playout: Playout, now_ns: int) -> PlayedFrame:
        """The next frame, asked for at ``now_ns``; then the playout point is moved if it has to be."""
        self._take_news(playout.stream)
        frame = self.resampled.pull(now_ns, partial(playout.play, now_ns))
        excess = playout.stream.excess()
        if excess:
            self._counters.reanchored += 1
            side, ms = "above" if excess > 0 else "below", 1000 * abs(excess) / playout.stream.format.rate
            self._log("warning", f"the level is {ms:.1f} ms {side} the depth: re-anchored")
            playout.move(excess)
            self.resampled.restart()
            if self.adaptive is not None:
                self.adaptive.forget()
        elif self.adaptive is not None:
            self._adapt(self.adaptive, playout, now_ns)
        return frame

    def set_depth(self, playout: Playout, depth: Depth) -> None:
        """Change the depth by one splice, or by those that an adaptive depth makes."""
        stream = playout.stream
        self._take_news(stream)
        self.adaptive = self._following(stream, depth)
        samples = depth.samples(stream.format.rate, self._frame)
        if stream.begun and depth.auto is not None:
            return
        if stream.begun:
            playout.move(stream.depth - samples)
            self.resampled.moved(samples - stream.depth)
        stream.set_depth(samples)

    def _following(self, stream: Stream, depth: Depth) -> AdaptiveDepth | None:
        if depth.auto is None:
            return None
        rate = stream.format.rate
        lowest, highest = (round(ms * rate / 1000) for ms in depth.auto)
        return AdaptiveDepth(rate, self._frame, lowest, highest)

    def _take_news(self, stream: Stream) -> None:
        """Have the leads of what arrived looked at, before anything moves that they are measured by."""
        for lead, phase, arrival_ns in stream.news:
            self.resampled.loop.note(lead, stream.packet_samples, arrival_ns)
            if self.adaptive is not None:
                self.adaptive.note(lead, stream.packet_samples, phase)
        stream.news.clear()

    def _adapt(self, adaptive: AdaptiveDepth, playout: Playout, now_ns: int) -> None:
        """Let the depth follow the network."""
        stream = playout.stream
        packet = stream.packet_samples
        adaptive.aligned = not self.resampled.running
        inserted = 0
        if (lengths := adaptive.grow(packet, stream.phase, now_ns)) is not None:
            inserted = playout.grow(*lengths, adaptive.hurries(now_ns))
            self._counters.grown += inserted > 0
        elif (lengths := adaptive.shrink(packet, stream.phase, now_ns)) is not None:
            inserted = -playout.shrink(*lengths, adaptive.bar_db(now_ns))
            self._counters.shrunk += inserted < 0
        if inserted:
            self.resampled.moved(inserted)
            adaptive.moved(inserted, now_ns)
        if adaptive.depth is not None and adaptive.depth != stream.depth:
            stream.set_depth(adaptive.depth)
