"""Which predictors a machine can afford for a stream, so that no loss is concealed late."""

from dataclasses import dataclass
from typing import Final

from plcd.core.ensemble import BEST, Ensemble
from plcd.core.predictor import Predictor

DEADLINE_S: Final = 0.004
"""Concealing one loss, all channels together, takes no longer, nor longer than half a packet lasts."""
MARGIN: Final = 1.3
"""What is allowed for over the time measured on an idle machine."""
DRIVE_WORK: Final = 0.3
"""Work of one coefficient for one extrapolated sample, in pairs of errors (:attr:`Predictor.work`), measured."""


def _single(order: int, context: int) -> Ensemble:
    return Ensemble((Predictor("tapered", order, context),))


LADDER: Final = (
    BEST,
    Ensemble(tuple(Predictor("tapered", *size) for size in ((1024, 4096), (1024, 2048), (512, 2048)))),
    _single(1024, 4096),
    _single(768, 3072),
    _single(512, 2048),
    _single(384, 1536),
    _single(256, 1024),
    _single(128, 512),
    _single(64, 256),
    _single(32, 128),
)
"""From the best to the cheapest."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to conceal with."""

    ensemble: Ensemble
    fallback: Predictor
    """For a hole whose fits were not made ahead: fits in time."""


def choose(rate: int, channels: int, packet: int, budget: float, pair_s: float) -> Choice:
    """The best ensemble that a stream of ``rate`` Hz in packets of ``packet`` samples leaves time for.

    ``budget``: share of one core that fitting ahead may take; ``pair_s``: seconds per unit of :attr:`Predictor.work` here.
    Several predictors need all their fits made ahead for every packet within the budget, one has to be fitted in time
    when a hole opens. The cheapest is taken where none fits.
    """
    cheapest = LADDER[-1].primary
    fallback = next(
        (one.primary for one in LADDER if _in_time(one.primary, rate, channels, packet, pair_s)), cheapest
    )
    for ensemble in LADDER:
        if len(ensemble.members) == 1:
            if ensemble.primary == fallback:
                break
        elif ensemble.work * channels * pair_s <= budget * packet / rate:
            return Choice(ensemble, fallback)
    return Choice(Ensemble((fallback,)), fallback)


def _in_time(predictor: Predictor, rate: int, channels: int, packet: int, pair_s: float) -> bool:
    driven = predictor.order * 2 * (packet + 128)  # the prediction and the innovation, crossfade included
    work = (predictor.work + DRIVE_WORK * driven) * channels
    return work * pair_s * MARGIN <= min(packet / rate / 2, DEADLINE_S)
