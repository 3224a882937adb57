"""The stream that is heard: its frames with their holes filled, its playout point moved, its fits made ahead."""

import numpy as np

from plcd.core.choosing import Choosing, Log
from plcd.core.closing import LONGEST_INTERPOLATION
from plcd.core.engine_config import EngineConfig
from plcd.core.frame import Hole, Origin, PlayedFrame
from plcd.core.hole_filler import HoleFiller
from plcd.core.lookout import worthwhile
from plcd.core.predictor import Predictor
from plcd.core.presence import run_end
from plcd.core.refiner import Refiner
from plcd.core.run_ahead import Step
from plcd.core.splice import FADE_S, LONGER_S, insertion, skip
from plcd.core.stream import SECOND_NS, Stream

IDLE_AFTER_S = 1
LOUDNESS_SAMPLES = 4096
"""Over which splices are measured against the music."""


class Playout:
    """Plays ``stream`` and those after it. ``pair_s``: seconds per unit of :attr:`Predictor.work` on this machine."""

    def __init__(
        self, stream: Stream, config: EngineConfig, pair_s: float, log: Log, refiner: Refiner | None
    ) -> None:
        self.stream = stream
        self.idle = True
        """Nothing was received for a second, or nothing has been played yet."""
        self._config = config
        self._log = log
        self._hold = 0  # samples of inserted time still to be filled
        self.choosing = Choosing(stream, config, pair_s, log, refiner)
        """What conceals."""
        choice = self.choosing.choice
        self.filler = HoleFiller(
            stream.format.rate,
            stream.format.channels,
            choice.ensemble,
            stream.packet_samples,
            self.choosing.refiner,
            config.noise,
            patient=False,
            fallback=choice.fallback,
        )
        self.filler.longest_closed = choice.longest

    def switch(self, stream: Stream) -> None:
        """Go on with ``stream``, of the same rate and channels, after what was played."""
        before, self.stream, self._hold = self.stream, stream, 0
        self.choosing.stream = stream
        self.filler.splice(stream.packet_samples)
        self.filler.opener.limit_crossfade(stream.packet_samples)
        if stream.packet_samples != before.packet_samples:
            self.change(self._config)

    def change(self, config: EngineConfig) -> None:
        """Conceal as ``config`` says from the next hole on."""
        self._config = config
        self.filler.opener.noise = config.noise
        refiner, before = self.choosing.refiner, self.choosing.choice
        choice = self.choosing.again(config)
        if self.choosing.refiner is not refiner:
            self.filler.opener.change_refiner(self.choosing.refiner)
        if choice != before:
            self.filler.opener.change_predictor(choice.ensemble, choice.fallback)
            self.filler.longest_closed = choice.longest

    def play(self, now_ns: int, frames: int | None = None) -> PlayedFrame:
        """The next frame, asked for at the monotonic instant ``now_ns``; of ``frames`` samples of the sender's clock, else as
        many as the output plays between two frames.
        """
        stream, period = self.stream, self._config.packet
        frames = period if frames is None else frames
        idle = stream.buffer.cursor - stream.newest_end >= IDLE_AFTER_S * stream.format.rate
        if idle != self.idle:
            self.idle = idle
            self._log("info", f"{stream.source}: {'silent for a second, idle' if idle else 'playing'}")
        hold = min(self._hold, frames)
        lookahead = self._config.lookahead
        ahead = 2 * LONGEST_INTERPOLATION if lookahead is None else lookahead * period
        inserted = min(self._hold, frames + ahead)
        samples, present = stream.buffer.peek(frames + ahead - inserted)
        if inserted:
            samples = np.concatenate((np.zeros((inserted, samples.shape[1]), dtype=np.float32), samples))
            present = np.concatenate((np.zeros(inserted, dtype=np.bool_), present))
        audio, holes = self.filler.fill(samples, present, frames)
        self._hold -= hold
        stream.asked(frames - hold, now_ns + (period + self._hold) * SECOND_NS // stream.format.rate)
        if idle:
            return PlayedFrame(audio, Origin.IDLE)
        if hold:
            holes = [Hole(0, hold, Origin.SPLICED)] + [
                Hole(max(start, hold), start + length - max(start, hold), origin)
                for start, length, origin in holes
                if start + length > hold
            ]
        return PlayedFrame(audio, max((hole.origin for hole in holes), default=Origin.RECEIVED), tuple(holes))

    @property
    def lacks(self) -> bool:
        """Something of the next frame has to be made."""
        if self.idle:
            return False
        return bool(self._hold) or not self.stream.buffer.peek(self._config.packet)[1].all()

    def expect(self, losses: int) -> None:
        """So many of several peers have a hole in the next frame."""
        self.filler.longest_closed = self.choosing.choice.longest_for(losses)

    def move(self, samples: int) -> None:
        """Move the playout point by one splice: forward by skipping ``samples``, backward by inserting time.

        Inserted time that was not yet filled is taken back before anything is skipped.
        """
        if samples == 0:
            return
        inserted = max(-samples, -self._hold)
        skipped = samples + inserted
        self._hold += inserted
        if skipped:
            self.stream.skip(skipped)
            self.filler.splice(self.stream.packet_samples)
        else:
            self.filler.interrupt()
        self.stream.moved(inserted)

    def grow(self, least: int, most: int, hurried: bool) -> int:
        """Insert ``least`` samples of time, or up to :data:`LONGER_S` more but no more than ``most`` where what is played for it
        then leads over to what follows; returns how many. 0 where that has not come, unless ``hurried``.
        """
        rate = self.stream.format.rate
        fade, longer = max(1, round(FADE_S * rate)), min(round(LONGER_S * rate), most - least)
        inserted = least
        coming, present = self.stream.buffer.peek(fade)
        if not hurried and not present.all():
            return 0
        if present.all() and not self.idle and not self._hold:
            foreseen = self.filler.foresee(least + longer + fade)
            if foreseen is not None:
                inserted = insertion(coming, foreseen, least, rate, self._loudness())
        self.move(-inserted)
        return inserted

    def shrink(self, least: int, most: int, bar_db: float) -> int:
        """Skip ``least`` to ``most`` samples by a splice whose ends differ by at most ``bar_db`` beside the music.

        Returns how many; 0 where there is no such place now.
        """
        stream = self.stream
        fade = max(1, round(FADE_S * stream.format.rate))
        if self.idle or self._hold or not self.filler.flowing:
            return 0
        coming, present = stream.buffer.peek(most + fade)
        known = run_end(present, 0, present.size) if present.size and present[0] else 0
        skipped = skip(coming[:known], fade, least, bar_db, self._loudness())
        if not skipped:
            return 0
        going_on = coming[:fade].copy()
        stream.skip(skipped)
        self.filler.splice(fade, going_on)
        stream.moved(0)
        return skipped

    def _loudness(self) -> float:
        """The mean square of what was played last."""
        return self.filler.loudness(LOUDNESS_SAMPLES)

    def next_fit(self) -> tuple[int, Predictor] | None:
        """What is worth fitting ahead of time, and how many samples behind the cursor; None: nothing is."""
        if self.idle or self._hold:
            return None
        alone = len(self.choosing.choice.ensemble.members) == 1
        run_ahead = self._config.run_ahead != "off"
        for place in worthwhile(self.stream, self._config.packet, self.filler.window, alone, run_ahead):
            predictor = self.filler.lacking(place)
            if predictor is not None:
                return place, predictor
        return None

    def prepare(self) -> bool:
        """Make that fit; False where there is none."""
        fit = self.next_fit()
        return fit is not None and self.filler.prepare(self.stream.buffer.peek(fit[0])[0])

    def next_step(self, run_ahead: bool) -> Step | None:
        """What :meth:`HoleFiller.do` is worth doing before the next frame beside fits; None: nothing is."""
        if self.idle or self._hold:
            return None
        buffer, newest = self.stream.buffer, self.stream.newest_end - self.stream.buffer.cursor
        closed = (
            self._config.lookahead != 0 and newest > 0
        )  # what follows is there: it will be closed from both sides
        lost = not closed and not buffer.peek(1)[1][0]
        return self.filler.next_step(lost, run_ahead)
