"""The trials by which a network earns its say: noted when a hole opens, run when there is time, if possible before the next."""

from plcd.core.gate import Gate, Trial, run
from plcd.core.hole import OpenHole
from plcd.core.refined import RefinerCounters
from plcd.core.refiner import Refiner


class Trials:
    """``gated``: a network has to prove itself, see :mod:`plcd.core.gate`. What became of its blocks goes to ``counters``."""

    def __init__(self, gated: bool, counters: RefinerCounters) -> None:
        self.gate: Gate | None = None
        """The network's record; None without a network, or where it need not prove itself."""
        self._gated = gated
        self.counters = counters
        self._waiting: Trial | None = None

    def begin(self) -> None:
        """There is a network from now on. A record that there is stays."""
        if self._gated and self.gate is None:
            self.gate = Gate()

    @property
    def waits(self) -> bool:
        """A trial waits to be run."""
        return self._waiting is not None

    def note(self, hole: OpenHole) -> None:
        """Have the network tried on what came before ``hole``, once extrapolating began there."""
        if hole.trial is not None:
            self.counters.untried += self._waiting is not None
            self._waiting, hole.trial = hole.trial, None

    def take(self) -> Trial | None:
        """The trial that waits, for :func:`plcd.core.gate.run`; :meth:`learn` wants to know its outcome."""
        trial, self._waiting = self._waiting, None
        return trial

    def learn(self, errors: tuple[float, float] | None) -> None:
        """The outcome of a trial; None where it had none."""
        if errors is None or self.gate is None:
            self.counters.untried += 1
            return
        self.counters.trials += 1
        self.gate.note(*errors)

    def run(self, refiner: Refiner | None) -> None:
        """Run the trial that waits, if there is one."""
        trial = self.take()
        if trial is not None and refiner is not None:
            self.learn(run(trial, refiner))
