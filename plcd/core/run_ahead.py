"""Concealment made between two packets, before anybody knows whether the next one is lost. Fits aside: a step at a time."""

from enum import Enum

from plcd.core.hole import OpenHole
from plcd.core.opener import Opener
from plcd.core.refined import newest


class Step(Enum):
    """What can be done between two packets beside fits, see :meth:`RunAhead.next_step`."""

    OPEN = "open"
    """Set up the hole that the next packet would leave, and read its prediction."""
    LOOK = "look"
    """Let the network do what rests on known samples alone."""
    ASK = "ask"
    """Let the network make one channel's next block."""
    TRY = "try"
    """Try the network on what was received."""


class RunAhead:
    """Works on the holes of ``opener``."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._looked_at = -1

    def next_step(
        self, hole: OpenHole | None, lost: bool, run_ahead: bool, fitted: bool, span: int
    ) -> Step | None:
        """What :meth:`do` would do next; None where there is nothing.

        ``hole``: the one being filled; ``lost``: the next packet may be; ``run_ahead``: then prepare all of its concealment, else
        only what rests on known samples alone. ``fitted``: all fits are made; ``span``: samples that a loss may want at once.
        """
        opener = self._opener
        gate = opener.trials.gate
        if lost:
            hole = hole or opener.ready()
            if hole is None and run_ahead and fitted:
                return Step.OPEN
            if opener.refiner is not None and (gate is None or gate.open):
                if run_ahead and hole is not None and any(one.lacks(span) for one in hole.refining):
                    return Step.ASK
                if (hole is None or not run_ahead) and self._looked_at != opener.history.place:
                    return Step.LOOK
        return Step.TRY if opener.trials.waits else None

    def do(self, step: Step, hole: OpenHole | None, span: int) -> bool:
        """Do what :meth:`next_step` said; False where that came to nothing."""
        opener = self._opener
        if step is Step.OPEN:
            opener.set_up().prepare(span + opener.shape.crossfade)
        elif step is Step.LOOK:
            self._look(hole)
        elif step is Step.ASK:
            hole = hole or opener.ready()
            assert hole is not None
            return next(one for one in hole.refining if one.lacks(span)).rehearse(span)
        else:
            opener.trials.run(opener.refiner)
        return True

    def _look(self, hole: OpenHole | None) -> None:
        """Each channel as the network would be shown it."""
        history, refiner = self._opener.history, self._opener.refiner
        self._looked_at = history.place
        assert refiner is not None
        if hole is not None:
            for one in hole.refining:
                one.look()
            return
        for past in history.newest(refiner.context):
            refiner.look(newest(past, refiner.context))
