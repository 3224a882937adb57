"""Fills holes in a stream, frame after frame, from what was played before them and, where known, what follows.

Theory of operation. Each frame comes with a presence mask and is walked run by run, in one of three states:

- *flowing*: received samples are passed on;
- *in a hole*: opening it fitted the predictor to the history. While the hole's end is unknown it is extrapolated;
  once samples behind it are in sight, all that remains is interpolated and what follows simply flows on;
- *returning*: received samples after an extrapolated hole are crossfaded with the extrapolation's continuation.

The extrapolation runs on a tail of its own, before fade and ceiling, and every step is a function of the sample's
place in the hole: without lookahead the output does not depend on how the stream is cut into frames.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from plcd.core.closing import LONGEST_INTERPOLATION
from plcd.core.ensemble import BEST, Ensemble
from plcd.core.forecaster import AheadCounters, Forecaster
from plcd.core.frame import Hole, Origin, Samples
from plcd.core.gate import Gate, Trial, run
from plcd.core.history import History
from plcd.core.hole import OpenHole, Shape
from plcd.core.predictor import Predictor
from plcd.core.presence import Mask, run_end
from plcd.core.refined import RefinerCounters, newest
from plcd.core.refiner import Refiner


@dataclass(slots=True)
class _Return:
    """A crossfade of ``total`` samples from a hole's continuation into what is received; ``done`` of them are played."""

    hole: "OpenHole | _Heard"
    total: int
    done: int = 0


class _Heard:
    """What goes on from what was played because it was received: ``samples`` ``(n, channels)``."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def extrapolate(self, count: int, ended: bool) -> Samples:
        given, self._samples = self._samples[:count], self._samples[count:]
        return given


class Step(Enum):
    """What can be done between two packets beside fits, see :meth:`HoleFiller.next_step`."""

    OPEN = "open"
    """Set up the hole that the next packet would leave, and read its prediction."""
    LOOK = "look"
    """Let the network do what rests on known samples alone."""
    ASK = "ask"
    """Let the network make one channel's next block."""
    TRY = "try"
    """Try the network on what was received."""


@dataclass(slots=True)
class RunAheadCounters:
    """What became of concealment that was made before anybody knew whether it would be needed. Packets."""

    prepared: int = 0
    used: int = 0

    @property
    def wasted(self) -> int:
        """Those that came."""
        return self.prepared - self.used


class HoleFiller:
    """State of one stream. ``rate`` in Hz; ``crossfade_limit``: the longest crossfade allowed, one packet, in samples.

    ``refiner``: a network for what is extrapolated; ``gated``: it has to prove itself, see :mod:`plcd.core.gate`.
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
        self.noise = noise
        """Amount of sampled innovation from the next hole on, see :class:`Innovation`."""
        self.longest_closed = LONGEST_INTERPOLATION
        """Missing samples; a longer hole is extrapolated until so many are left."""
        self.refinements = RefinerCounters()
        self.rehearsals = RunAheadCounters()
        self.gate = Gate() if refiner is not None and gated else None
        self._gated = gated
        self._trial: Trial | None = None
        self._prepared: OpenHole | None = None
        self._looked_at = -1
        self._frames = 0
        self._rate = rate
        self._shape = Shape.at(rate, crossfade_limit)
        self._refiner = refiner
        self._packet = crossfade_limit
        self._forecaster = Forecaster(Ensemble.of(predictor), rate, crossfade_limit, patient, fallback)
        self._history = History(channels, self._memory())
        self._hole: OpenHole | None = None
        self._plan: Samples | None = None
        self._returning: _Return | None = None

    def limit_crossfade(self, samples: int) -> None:
        """Crossfades after the next holes are no longer than ``samples``, one packet of the stream that plays now."""
        self._shape = Shape.at(self._rate, samples)
        if samples != self._packet:
            # Fits are made ahead, and predictors tried, at the edges of other packets now.
            self._packet = samples
            self.change_predictor(self.predictor, self._forecaster.fallback)

    @property
    def predictor(self) -> Ensemble:
        return self._forecaster.ensemble

    @property
    def ahead(self) -> AheadCounters:
        """What became of the fits made ahead."""
        return self._forecaster.counters

    def inherit(self, before: "HoleFiller") -> None:
        """Go on counting where ``before`` ended."""
        self.refinements, self.rehearsals = before.refinements, before.rehearsals
        self._forecaster.counters = before.ahead

    def change_predictor(self, predictor: Ensemble | Predictor, fallback: Predictor | None = None) -> None:
        """From the next hole on. What was played stays known, as far as both contexts reach."""
        self._prepared = None
        counters, patient = self._forecaster.counters, self._forecaster.patient
        self._forecaster = Forecaster(Ensemble.of(predictor), self._rate, self._packet, patient, fallback)
        self._forecaster.counters = counters
        self._forecaster.spoil(self._history.place)
        self._history = self._history.resized(self._memory())

    def change_refiner(self, refiner: Refiner | None) -> None:
        """From the next hole on; None: the predictor alone. A network's record stays."""
        self._refiner, self._prepared = refiner, None
        if refiner is not None and self._gated and self.gate is None:
            self.gate = Gate()
        self._history = self._history.resized(self._memory())

    def _memory(self) -> int:
        """Samples of history that predictors and network look back on."""
        reach = self._forecaster.reach
        return reach if self._refiner is None else max(reach, self._refiner.context + self._forecaster.window)

    @property
    def window(self) -> int:
        """The fits so many samples before a hole tell how much each predictor may say in it."""
        return self._forecaster.window

    def lacking(self, after: int = 0) -> Predictor | None:
        """What :meth:`prepare` would fit next with ``after`` samples coming; None where it would not."""
        if self._hole is not None or (after and self._returning is not None):
            return None
        pair = self._forecaster.lacking(self._history, after)
        return None if pair is None else self.predictor.members[pair[0]]

    def prepare(self, coming: Samples | None = None) -> bool:
        """Make ahead one of the fits that a hole right here would need, or one behind ``coming`` ``(n, channels)``, all of
        which was received. False when there is none to make, or none that can be made yet.
        """
        after = 0 if coming is None else coming.shape[0]
        return self.lacking(after) is not None and self._forecaster.prepare(self._history, coming)

    def next_step(self, lost: bool, run_ahead: bool) -> Step | None:
        """What :meth:`do` would do next; None where there is nothing.

        ``lost``: the next packet may be; ``run_ahead``: then prepare all of its concealment, else only what rests on known
        samples alone.
        """
        if lost and self._plan is None and not (self._hole is not None and self._hole.silent):
            hole = self._hole or self._ready_hole()
            if hole is None and run_ahead and self.lacking() is None:
                return Step.OPEN
            if self._refiner is not None and (self.gate is None or self.gate.open):
                if run_ahead and hole is not None and any(one.lacks(self._span) for one in hole.refining):
                    return Step.ASK
                if (hole is None or not run_ahead) and self._looked_at != self._history.place:
                    return Step.LOOK
        return Step.TRY if self.has_trial else None

    def do(self, step: Step) -> bool:
        """Do what :meth:`next_step` said; False where that came to nothing. What is played does not depend on it, but for what
        trials teach.
        """
        if step is Step.OPEN:
            self._prepared = self._new_hole()
            self._prepared.prepare(self._span + self._shape.crossfade)
            self.rehearsals.prepared += 1
        elif step is Step.LOOK:
            self._look()
        elif step is Step.ASK:
            hole = self._hole or self._ready_hole()
            assert hole is not None
            return next(one for one in hole.refining if one.lacks(self._span)).rehearse(self._span)
        else:
            self._try()
        return True

    def _look(self) -> None:
        """Each channel as the network would be shown it."""
        self._looked_at = self._history.place
        refiner, hole = self._refiner, self._hole
        assert refiner is not None
        if hole is not None:
            for one in hole.refining:
                one.look()
            return
        for past in self._history.newest(refiner.context):
            refiner.look(newest(past, refiner.context))

    def _try(self) -> None:
        """Do the trial there is."""
        trial = self.take_trial()
        if trial is not None and self._refiner is not None:
            self.learn(run(trial, self._refiner))

    @property
    def has_trial(self) -> bool:
        """A trial waits to be run."""
        return self._trial is not None

    def take_trial(self) -> Trial | None:
        """A trial that waits to be run, for :func:`plcd.core.gate.run`; :meth:`learn` wants to know its outcome."""
        trial, self._trial = self._trial, None
        return trial

    def learn(self, errors: tuple[float, float] | None) -> None:
        """The outcome of a trial; None where it had none."""
        if errors is None or self.gate is None:
            self.refinements.untried += 1
            return
        self.refinements.trials += 1
        self.gate.note(*errors)

    @property
    def _span(self) -> int:
        """Samples that the next loss may want at once: a packet, or a frame where that is longer."""
        return max(self._packet, self._frames)

    def _ready_hole(self) -> OpenHole | None:
        """The hole that was set up, if it would open right here."""
        ready = self._prepared
        return ready if ready is not None and ready.place == self._history.place else None

    @property
    def flowing(self) -> bool:
        """What is played is what was received: no hole, and no crossfade behind one."""
        return self._hole is None and self._returning is None

    def loudness(self, count: int) -> float:
        """The mean square of the last ``count`` samples played, all channels."""
        newest = self._history.newest(count)
        return float(np.mean(np.square(newest))) if newest.size else 0.0

    def foresee(self, count: int) -> Samples | None:
        """What would be played if the next ``count`` samples were missing; None where they would be closed from both sides."""
        if self._plan is not None:
            return None
        hole = self._hole or self._ready_hole()
        if hole is None:
            hole = self._prepared = self._new_hole()
            self.rehearsals.prepared += 1
        return hole.foresee(count)

    def splice(self, crossfade: int, going_on: Samples | None = None) -> None:
        """What comes next does not continue what was played: blend the latter's continuation into it.

        ``going_on`` ``(crossfade, channels)``: that continuation where it was received; else it is predicted.
        """
        self._returning = _Return(self._continuation() if going_on is None else _Heard(going_on), crossfade)
        self._hole = self._plan = None
        self._forecaster.forget_coming(self._history)

    def interrupt(self) -> None:
        """Time is inserted here: a hole that was to close at a given place goes on as a new one."""
        if self._plan is not None:
            self._hole = self._plan = None
        self._forecaster.forget_coming(self._history)

    def fill(self, samples: Samples, present: Mask, frames: int) -> tuple[Samples, list[Hole]]:
        """Play ``frames`` samples of ``samples`` ``(frames + ahead, channels)``; those not ``present`` are never read.

        What lies behind ``frames`` is what is known of the future; where nothing does, holes are extrapolated only, even
        those that end within the frame. Returns the audio ``(frames, channels)`` and the holes in it.
        """
        self._frames = frames
        out = np.empty((frames, samples.shape[1]), dtype=np.float32)
        holes: list[Hole] = []
        start = 0
        while start < frames:
            stop = run_end(present, start, frames)
            if present[start]:
                changed = self._play(samples[start:stop], out[start:stop])
                if changed:
                    self._forecaster.spoil(self._history.place + changed)
                intact = np.arange(stop - start) >= changed
                self._history.append(out[start:stop], samples[start:stop], intact)
            else:
                if self._hole is None:
                    self._hole = self._open()
                    self._returning = None
                if self._plan is None and samples.shape[0] > frames:
                    self._plan = self._close(self._hole, samples, present, start)
                origin = self._conceal(self._hole, out[start:stop])
                self._note_trial(self._hole)
                self._history.append(out[start:stop], self._hole.level(out[start:stop]), False)
                self._forecaster.spoil(self._history.place)
                holes.append(Hole(start, stop - start, origin))
            start = stop
        if self._forecaster.patient:
            self._try()
        return out, holes

    def _note_trial(self, hole: OpenHole) -> None:
        """Have the network tried on what came before ``hole``: later, and before the next hole where that is possible."""
        if hole.trial is not None:
            self.refinements.untried += self._trial is not None
            self._trial, hole.trial = hole.trial, None

    def _open(self) -> OpenHole:
        if self._forecaster.patient:
            self._try()
        self._forecaster.opened(self._history)
        ready, self._prepared = self._ready_hole(), None
        if ready is None or ready.noise != self.noise or ready.shape != self._shape:
            return self._new_hole()
        self.rehearsals.used += 1
        return ready

    def _new_hole(self) -> OpenHole:
        return OpenHole(
            self._forecaster,
            self._history,
            self._shape,
            self._rate,
            self.noise,
            self._refiner,
            self.refinements,
            self.gate,
        )

    def _continuation(self) -> OpenHole:
        """What would go on from what was played: the hole that is extrapolated, else one that opens here."""
        return self._hole if self._hole is not None and self._plan is None else self._open()

    def _play(self, received: Samples, out: Samples) -> int:
        """Play ``received``; returns how many samples of it were crossfaded."""
        out[:] = received
        if self._hole is not None:
            # A rest of the plan does not lead to these samples: some of what it was to fill came after all.
            if self._plan is None or self._plan.shape[0]:
                self._returning = _Return(self._continuation(), self._shape.crossfade)
            self._hole = self._plan = None
        fade = self._returning
        if fade is None:
            return 0
        count: int = min(fade.total - fade.done, out.shape[0])
        place = np.arange(fade.done + 1, fade.done + count + 1, dtype=np.float32)[:, None]
        weight = place / np.float32(fade.total + 1)
        out[:count] = (1 - weight) * fade.hole.extrapolate(count, ended=True) + weight * received[:count]
        fade.done += count
        if fade.done == fade.total:
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
        return hole.interpolate(self._history, end - start, samples[end:known])
