"""How an engine receives and conceals."""

from dataclasses import dataclass
from typing import Final

from plcd.core.adaptation import BUDGET
from plcd.core.depth import DEFAULT_DEPTH, Depth
from plcd.core.ensemble import NAMED, Ensemble
from plcd.core.innovation import MAX_NOISE

RUN_AHEAD: Final = ("auto", "on", "off")
"""Prepare a packet's concealment before it can be lost: within the budget, with the next place's fits spared; as long as there is
time; or never."""


def parse_predictor(text: str) -> Ensemble | None:
    """``auto`` is None, anything else as :meth:`Ensemble.parse`. Raises ValueError with what is allowed."""
    name = text.strip().lower()
    if name == "auto":
        return None
    if name not in NAMED and ":" not in name:
        names = ", ".join(NAMED)
        raise ValueError(
            f"predictor {text!r}: expected auto, {names} or METHOD:ORDER/CONTEXT, as tapered:1024/4096"
        )
    return Ensemble.parse(name)


def parse_noise(text: str) -> float:
    """An amount of sampled innovation. Raises ValueError with what is allowed."""
    return _number(text, f"noise {text!r}: a number from 0 to {MAX_NOISE:g}", MAX_NOISE)


def parse_budget(text: str) -> float:
    """Percents of a core, with or without the sign, as a share. Raises ValueError with what is allowed."""
    percent = text.strip().removesuffix("%")
    return _number(percent, f"cpu-budget {text!r}: percents of one core, 0 to 100", 100.0) / 100.0


def _number(text: str, message: str, highest: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(message) from None
    if not 0.0 <= value <= highest:
        raise ValueError(message)
    return value


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Everything that is known before a stream is."""

    packet: int = 512
    """Samples in a frame, the unit in which the output asks."""
    depth: Depth = DEFAULT_DEPTH
    rate: int | None = None
    """Hz; None: whatever the stream has. Streams of another rate are refused."""
    channels: int | None = None
    """Likewise."""
    predictor: Ensemble | None = None
    """None: what the stream's format and this machine leave time for, see :func:`plcd.core.adaptation.choose`."""
    noise: float = 1.0
    """Amount of sampled innovation in holes, see :class:`plcd.core.innovation.Innovation`."""
    budget: float = BUDGET
    """Share of one core that fits ahead of time may take; whoever calls :meth:`Engine.prepare` keeps to it."""
    run_ahead: str = "auto"
    """One of :data:`RUN_AHEAD`; whoever calls :meth:`Engine.do` keeps to it."""
    drift: str = "auto"
    """One of :data:`plcd.core.resampled.DRIFT`."""
    lookahead: int | None = None
    """Packets behind a hole that may be used; None: whatever has arrived."""
    peers: int = 1
    """Engines that share the machine, and the time of each frame."""
