"""What the next hole is filled with, and that hole set up ahead of time."""

from dataclasses import dataclass

from plcd.core.ensemble import Ensemble
from plcd.core.forecaster import AheadCounters, Forecaster
from plcd.core.history import History
from plcd.core.hole import OpenHole, Shape
from plcd.core.predictor import Predictor
from plcd.core.refined import RefinerCounters
from plcd.core.refiner import Refiner
from plcd.core.trials import Trials


@dataclass(slots=True)
class RunAheadCounters:
    """What became of concealment that was made before anybody knew whether it would be needed. Packets."""

    prepared: int = 0
    used: int = 0

    @property
    def wasted(self) -> int:
        """Those that came."""
        return self.prepared - self.used


class Opener:
    """Opens the holes of one stream at the end of its history. ``packet``: the longest crossfade allowed, in samples; the others
    as for :class:`plcd.core.hole_filler.HoleFiller`.
    """

    def __init__(
        self,
        rate: int,
        channels: int,
        predictor: Ensemble | Predictor,
        packet: int,
        refiner: Refiner | None,
        noise: float,
        patient: bool,
        fallback: Predictor | None,
        gated: bool,
    ) -> None:
        self.noise = noise
        """Amount of sampled innovation from the next hole on, see :class:`plcd.core.innovation.Innovation`."""
        self.refinements = RefinerCounters()
        self.rehearsals = RunAheadCounters()
        self.trials = Trials(gated, self.refinements)
        if refiner is not None:
            self.trials.begin()
        self.refiner = refiner
        self.packet = packet
        self.shape = Shape.at(rate, packet)
        self.forecaster = Forecaster(Ensemble.of(predictor), rate, packet, patient, fallback)
        self._rate = rate
        self._prepared: OpenHole | None = None
        self.history = History(channels, self._memory())

    def inherit(self, before: "Opener") -> None:
        """Go on counting where ``before`` ended."""
        self.refinements, self.rehearsals = before.refinements, before.rehearsals
        self.trials.counters = self.refinements
        self.forecaster.counters = before.ahead

    def limit_crossfade(self, samples: int) -> None:
        """Crossfades after the next holes are no longer than ``samples``, one packet of the stream that plays now."""
        self.shape = Shape.at(self._rate, samples)
        if samples != self.packet:
            # Fits are made ahead, and predictors tried, at the edges of other packets now.
            self.packet = samples
            self.change_predictor(self.predictor, self.forecaster.fallback)

    @property
    def predictor(self) -> Ensemble:
        return self.forecaster.ensemble

    @property
    def ahead(self) -> AheadCounters:
        """What became of the fits made ahead."""
        return self.forecaster.counters

    def change_predictor(self, predictor: Ensemble | Predictor, fallback: Predictor | None = None) -> None:
        """From the next hole on. What was played stays known, as far as both contexts reach."""
        self._prepared = None
        counters, patient = self.forecaster.counters, self.forecaster.patient
        self.forecaster = Forecaster(Ensemble.of(predictor), self._rate, self.packet, patient, fallback)
        self.forecaster.counters = counters
        self.forecaster.spoil(self.history.place)
        self.history = self.history.resized(self._memory())

    def change_refiner(self, refiner: Refiner | None) -> None:
        """From the next hole on; None: the predictor alone. A network's record stays."""
        self.refiner, self._prepared = refiner, None
        if refiner is not None:
            self.trials.begin()
        self.history = self.history.resized(self._memory())

    def _memory(self) -> int:
        """Samples of history that predictors and network look back on."""
        reach = self.forecaster.reach
        return reach if self.refiner is None else max(reach, self.refiner.context + self.forecaster.window)

    def ready(self) -> OpenHole | None:
        """The hole that was set up, if it would open right here."""
        ready = self._prepared
        return ready if ready is not None and ready.place == self.history.place else None

    def set_up(self) -> OpenHole:
        """The hole that would open right here, ahead of time."""
        self._prepared = self._new()
        self.rehearsals.prepared += 1
        return self._prepared

    def open(self) -> OpenHole:
        """The hole that opens right here."""
        if self.forecaster.patient:
            self.trials.run(self.refiner)
        self.forecaster.opened(self.history)
        ready, self._prepared = self.ready(), None
        if ready is None or ready.noise != self.noise or ready.shape != self.shape:
            return self._new()
        self.rehearsals.used += 1
        return ready

    def _new(self) -> OpenHole:
        return OpenHole(
            self.forecaster,
            self.history,
            self.shape,
            self._rate,
            self.noise,
            self.refiner,
            self.refinements,
            self.trials.gate,
        )
