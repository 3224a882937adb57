"""The stream that is heard: its frames with their holes filled, its playout point moved, its fits made ahead."""

from collections.abc import Callable

import numpy as np

from plcd.core.adaptation import Choice, Demand, decide, describe, opening_s
from plcd.core.engine_config import EngineConfig
from plcd.core.frame import Hole, Origin, PlayedFrame
from plcd.core.hole import LONGEST_INTERPOLATION
from plcd.core.hole_filler import HoleFiller, Step
from plcd.core.lookout import worthwhile
from plcd.core.predictor import Predictor
from plcd.core.refiner import Refiner
from plcd.core.stream import SECOND_NS, Stream

IDLE_AFTER_S = 1

Log = Callable[[str, str], None]
"""Takes level name and message, for what a person should know once."""


class Playout:
    """Plays ``stream`` and those after it. ``pair_s``: seconds per unit of :attr:`Predictor.work` on this machine."""

    def __init__(
        self, stream: Stream, config: EngineConfig, pair_s: float, log: Log, refiner: Refiner | None
    ) -> None:
        self.stream = stream
        self.idle = True
        """Nothing was received for a second, or nothing has been played yet."""
        self.refused = None if refiner is None else refiner.refuses(stream.format.rate)
        """Why the network does not work on these streams; None where it does, or where there is none."""
        if self.refused is not None:
            log("warning", self.refused)
            refiner = None
        self._config = config
        self._pair_s = pair_s
        self._log = log
        self._hold = 0  # samples of inserted time still to be filled
        self.choice = self._decide()
        """What conceals."""
        self.filler = HoleFiller(
            stream.format.rate,
            stream.format.channels,
            self.choice.ensemble,
            stream.packet_samples,
            refiner,
            config.noise,
            patient=False,
            fallback=self.choice.fallback,
        )
        self.filler.longest_closed = self.choice.longest

    def switch(self, stream: Stream) -> None:
        """Go on with ``stream``, of the same rate and channels, after what was played."""
        before, self.stream, self._hold = self.stream, stream, 0
        self.filler.splice(stream.packet_samples)
        self.filler.limit_crossfade(stream.packet_samples)
        if stream.packet_samples != before.packet_samples:
            self.change(self._config)

    def change(self, config: EngineConfig) -> None:
        """Conceal as ``config`` says from the next hole on."""
        self._config = config
        self.filler.noise = config.noise
        choice = self._decide()
        if choice != self.choice:
            self.filler.change_predictor(choice.ensemble, choice.fallback)
            self.filler.longest_closed = choice.longest
            self.choice = choice

    def play(self, now_ns: int) -> PlayedFrame:
        """The next frame, asked for at the monotonic instant ``now_ns``."""
        stream, frames = self.stream, self._config.packet
        idle = stream.buffer.cursor - stream.newest_end >= IDLE_AFTER_S * stream.format.rate
        if idle != self.idle:
            self.idle = idle
            self._log("info", f"{stream.source}: {'silent for a second, idle' if idle else 'playing'}")
        hold = min(self._hold, frames)
        lookahead = self._config.lookahead
        ahead = 2 * LONGEST_INTERPOLATION if lookahead is None else lookahead * frames
        inserted = min(self._hold, frames + ahead)
        samples, present = stream.buffer.peek(frames + ahead - inserted)
        if inserted:
            samples = np.concatenate((np.zeros((inserted, samples.shape[1]), dtype=np.float32), samples))
            present = np.concatenate((np.zeros(inserted, dtype=np.bool_), present))
        audio, holes = self.filler.fill(samples, present, frames)
        self._hold -= hold
        stream.asked(frames - hold, now_ns + (frames + self._hold) * SECOND_NS // stream.format.rate)
        if idle:
            return PlayedFrame(audio, Origin.IDLE)
        if hold:
            holes = [Hole(0, hold, Origin.SPLICED)] + [
                Hole(max(start, hold), start + length - max(start, hold), origin)
                for start, length, origin in holes
                if start + length > hold
            ]
        return PlayedFrame(audio, max((hole.origin for hole in holes), default=Origin.RECEIVED), tuple(holes))

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
            self.stream.buffer.advance(skipped)
            self.filler.splice(self.stream.packet_samples)
        else:
            self.filler.interrupt()
        self.stream.moved(inserted)

    def next_fit(self) -> tuple[int, Predictor] | None:
        """What is worth fitting ahead of time, and how many samples behind the cursor; None: nothing is."""
        if self.idle or self._hold:
            return None
        alone = len(self.choice.ensemble.members) == 1
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

    @property
    def opening_s(self) -> float:
        """Seconds allowed for setting up the concealment of one packet once its fits are made."""
        return opening_s(self.choice, self._demand(), self._pair_s)

    def _demand(self) -> Demand:
        form, config = self.stream.format, self._config
        return Demand(
            form.rate, form.channels, self.stream.packet_samples, config.packet, config.lookahead != 0
        )

    def _decide(self) -> Choice:
        form, config, demand = self.stream.format, self._config, self._demand()
        choice = decide(config.predictor, demand, config.budget, self._pair_s)
        if choice.auto:
            self._log("info", describe(choice, form.channels, self._pair_s))
        return choice
