"""Fills holes in a stream, frame after frame, from what was played before them and, where known, what follows.

Theory of operation. Each frame comes with a presence mask and is walked run by run, in one of three states:

- *flowing*: received samples are passed on;
- *in a hole*: opening it fitted the predictor to the history. While the hole's end is unknown it is extrapolated;
  once samples behind it are in sight, all that remains is interpolated and what follows simply flows on;
- *returning*: received samples after an extrapolated hole are crossfaded with the extrapolation's continuation.

The extrapolation runs on a tail of its own, before fade and ceiling, and every step is a function of the sample's
place in the hole: without lookahead the output does not depend on how the stream is cut into frames.
"""

import numpy as np

from plcd.core.closing import LONGEST_INTERPOLATION
from plcd.core.crossfade import Crossfade, Heard
from plcd.core.ensemble import BEST, Ensemble
from plcd.core.frame import Hole, Origin, Samples
from plcd.core.hole import OpenHole
from plcd.core.opener import Opener
from plcd.core.predictor import Predictor
from plcd.core.presence import Mask, run_end
from plcd.core.refiner import Refiner
from plcd.core.run_ahead import RunAhead, Step


class HoleFiller:
    """State of one stream. ``rate`` in Hz; ``crossfade_limit``: the longest crossfade allowed, one packet, in samples.

    ``refiner``: a network for what is extrapolated; ``gated``: it has to prove itself, see :mod:`plcd.core.gate`.
    ``patient``: all fits are made when a hole opens, else those that are not ready give way to ``fallback``.
    """

    def __init__(
        self,
        rate: int,
        channels: int,
        predictor: Ensemble | Predictor = BEST,
        crossfade_limit: int = 512,
        refiner: Refiner | None = None,
        noise: float = 1.0,
        patient: bool = True,
        fallback: Predictor | None = None,
        gated: bool = True,
    ) -> None:
        self.longest_closed = LONGEST_INTERPOLATION
        """Missing samples; a longer hole is extrapolated until so many are left."""
        self.opener = Opener(
            rate, channels, predictor, crossfade_limit, refiner, noise, patient, fallback, gated
        )
        """What the next hole is filled with."""
        self._run_ahead = RunAhead(self.opener)
        self._frames = 0
        self._hole: OpenHole | None = None
        self._plan: Samples | None = None
        self._returning: Crossfade | None = None

    @property
    def window(self) -> int:
        """The fits so many samples before a hole tell how much each predictor may say in it."""
        return self.opener.forecaster.window

    def lacking(self, after: int = 0) -> Predictor | None:
        """What :meth:`prepare` would fit next with ``after`` samples coming; None where it would not."""
        if self._hole is not None or (after and self._returning is not None):
            return None
        forecaster = self.opener.forecaster
        pair = forecaster.lacking(self.opener.history, after)
        return None if pair is None else forecaster.ensemble.members[pair[0]]

    def prepare(self, coming: Samples | None = None) -> bool:
        """Make ahead one of the fits that a hole right here would need, or one behind ``coming`` ``(n, channels)``, all of
        which was received. False when there is none to make, or none that can be made yet.
        """
        after = 0 if coming is None else coming.shape[0]
        return self.lacking(after) is not None and self.opener.forecaster.prepare(self.opener.history, coming)

    def next_step(self, lost: bool, run_ahead: bool) -> Step | None:
        """What :meth:`do` would do next; None where there is nothing.

        ``lost``: the next packet may be; ``run_ahead``: then prepare all of its concealment, else only what rests on known
        samples alone.
        """
        hole = self._hole
        lost = lost and self._plan is None and not (hole is not None and hole.silent)
        return self._run_ahead.next_step(hole, lost, run_ahead, self.lacking() is None, self._span)

    def do(self, step: Step) -> bool:
        """Do what :meth:`next_step` said; False where that came to nothing. What is played does not depend on it, but for what
        trials teach.
        """
        return self._run_ahead.do(step, self._hole, self._span)

    @property
    def _span(self) -> int:
        """Samples that the next loss may want at once: a packet, or a frame where that is longer."""
        return max(self.opener.packet, self._frames)

    @property
    def flowing(self) -> bool:
        """What is played is what was received: no hole, and no crossfade behind one."""
        return self._hole is None and self._returning is None

    def loudness(self, count: int) -> float:
        """The mean square of the last ``count`` samples played, all channels."""
        newest = self.opener.history.newest(count)
        return float(np.mean(np.square(newest))) if newest.size else 0.0

    def foresee(self, count: int) -> Samples | None:
        """What would be played if the next ``count`` samples were missing; None where they would be closed from both sides."""
        if self._plan is not None:
            return None
        return (self._hole or self.opener.ready() or self.opener.set_up()).foresee(count)

    def splice(self, crossfade: int, going_on: Samples | None = None) -> None:
        """What comes next does not continue what was played: blend the latter's continuation into it.

        ``going_on`` ``(crossfade, channels)``: that continuation where it was received; else it is predicted.
        """
        self._returning = Crossfade(self._continuation() if going_on is None else Heard(going_on), crossfade)
        self._hole = self._plan = None
        self.opener.forecaster.forget_coming(self.opener.history)

    def interrupt(self) -> None:
        """Time is inserted here: a hole that was to close at a given place goes on as a new one."""
        if self._plan is not None:
            self._hole = self._plan = None
        self.opener.forecaster.forget_coming(self.opener.history)

    def fill(self, samples: Samples, present: Mask, frames: int) -> tuple[Samples, list[Hole]]:
        """Play ``frames`` samples of ``samples`` ``(frames + ahead, channels)``; those not ``present`` are never read.

        What lies behind ``frames`` is what is known of the future; where nothing does, holes are extrapolated only, even
        those that end within the frame. Returns the audio ``(frames, channels)`` and the holes in it.
        """
        opener, history, forecaster = self.opener, self.opener.history, self.opener.forecaster
        self._frames = frames
        out = np.empty((frames, samples.shape[1]), dtype=np.float32)
        holes: list[Hole] = []
        start = 0
        while start < frames:
            stop = run_end(present, start, frames)
            if present[start]:
                changed = self._play(samples[start:stop], out[start:stop])
                if changed:
                    forecaster.spoil(history.place + changed)
                intact = np.arange(stop - start) >= changed
                history.append(out[start:stop], samples[start:stop], intact)
            else:
                if self._hole is None:
                    self._hole = opener.open()
                    self._returning = None
                if self._plan is None and samples.shape[0] > frames:
                    self._plan = self._close(self._hole, samples, present, start)
                origin = self._conceal(self._hole, out[start:stop])
                opener.trials.note(self._hole)
                history.append(out[start:stop], self._hole.level(out[start:stop]), False)
                forecaster.spoil(history.place)
                holes.append(Hole(start, stop - start, origin))
            start = stop
        if forecaster.patient:
            opener.trials.run(opener.refiner)
        return out, holes

    def _continuation(self) -> OpenHole:
        """What would go on from what was played: the hole that is extrapolated, else one that opens here."""
        return self._hole if self._hole is not None and self._plan is None else self.opener.open()

    def _play(self, received: Samples, out: Samples) -> int:
        """Play ``received``; returns how many samples of it were crossfaded."""
        out[:] = received
        if self._hole is not None:
            # A rest of the plan does not lead to these samples: some of what it was to fill came after all.
            if self._plan is None or self._plan.shape[0]:
                self._returning = Crossfade(self._continuation(), self.opener.shape.crossfade)
            self._hole = self._plan = None
        fade = self._returning
        if fade is None:
            return 0
        count = fade.blend(received, out)
        if fade.over:
            self._returning = None
        return count

    def _conceal(self, hole: OpenHole, out: Samples) -> Origin:
        count = out.shape[0]
        if self._plan is not None:
            out[:] = self._plan[:count]
            self._plan = self._plan[count:]
            return Origin.INTERPOLATED
        silent = hole.silent
        out[:] = hole.extrapolate(count)
        if silent:
            return Origin.SILENCE
        return Origin.REFINED if hole.refined else Origin.PREDICTED

    def _close(self, hole: OpenHole, samples: Samples, present: Mask, start: int) -> Samples | None:
        """Interpolate from ``start`` to the hole's end if that is in sight."""
        end = run_end(present, start, present.shape[0])
        if end == present.shape[0]:
            return None
        if end - start > self.longest_closed:
            return None
        known = run_end(present, end, present.shape[0])
        return hole.interpolate(self.opener.history, end - start, samples[end:known])
