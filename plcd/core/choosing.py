"""What conceals a stream: the predictors there is time for by its format and on this machine, and the network where there is."""

from collections.abc import Callable

from plcd.core.adaptation import Choice, Demand, Load, decide, describe, opening_s
from plcd.core.engine_config import EngineConfig
from plcd.core.refiner import Refiner, Trained, own_predictor
from plcd.core.stream import Stream

Log = Callable[[str, str], None]
"""Takes level name and message, for what a person should know once."""


class Choosing:
    """The choice for ``stream``. ``pair_s``: seconds per unit of :attr:`Predictor.work` on this machine; ``network``: one to use
    where it can be.
    """

    def __init__(
        self, stream: Stream, config: EngineConfig, pair_s: float, log: Log, network: Refiner | None
    ) -> None:
        self.refused: str | None = None
        """Why the network does not work on this stream; None where it does, or where there is none."""
        self.stream = stream
        self._config = config
        self._pair_s = pair_s
        self._log = log
        self._network = network
        self._told: set[str] = set()
        self.choice = self._decide()

    def again(self, config: EngineConfig) -> Choice:
        """Choose anew, for another stream or as another configuration says."""
        self._config = config
        self.choice = self._decide()
        return self.choice

    @property
    def refiner(self) -> Refiner | None:
        """The network, if it works here."""
        return None if self.refused is not None else self._network

    @property
    def opening_s(self) -> float:
        """Seconds allowed for setting up the concealment of one packet once its fits are made."""
        return opening_s(self.choice, self._demand(), self._pair_s)

    def _demand(self) -> Demand:
        form, config = self.stream.format, self._config
        return Demand(
            form.rate,
            form.channels,
            self.stream.packet_samples,
            config.packet,
            config.lookahead != 0,
            None if self.refiner is None else self._load(self.refiner),
            config.peers,
        )

    def _load(self, refiner: Refiner) -> Load:
        """What ``refiner`` takes and asks for."""
        takes_s = refiner.takes_s if isinstance(refiner, Trained) else 0.0
        blocks = -(-self.stream.packet_samples // refiner.block)
        return Load(takes_s * blocks * self.stream.format.channels, own_predictor(refiner))

    def _decide(self) -> Choice:
        form, config = self.stream.format, self._config
        self.refused = None if self._network is None else self._network.refuses(form.rate)
        demand = self._demand()
        choice = decide(config.predictor, demand, config.budget, self._pair_s)
        if self._network is not None and demand.network is not None:
            name, own = self._network.name, demand.network.predictor
            if not choice.network:
                self.refused = (
                    f"the network {name} takes {1000 * demand.network.takes_s:.1f} of the {1000 * demand.limit_s:.1f} ms in "
                    f"which a packet is to be concealed, too much beside {own or 'a decent predictor'}: "
                    "the predictor plays alone"
                )
            elif own is not None and choice.auto:
                self._log_once("info", f"the network {name} was trained on the predictor {own}: it is taken")
        if self.refused is not None:
            self._log_once("warning", self.refused)
        if choice.auto:
            self._log("info", describe(choice, form.channels, self._pair_s))
        return choice

    def _log_once(self, level: str, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._log(level, message)
