"""The place of a network: it is shown what the predictor made and may give something better."""

from dataclasses import dataclass
from typing import Protocol

from plcd.core.frame import Samples


@dataclass(frozen=True, slots=True)
class RefinerRequest:
    """One hole, or the part of one that is needed now. All audio ``(frames, channels)`` float32."""

    context: Samples
    """What was played before, newest last; as long as the predictor's context, zeros before the stream began."""
    prediction: Samples
    """What the predictor gives for the missing samples: always complete, always playable."""
    hole_offset: int
    """Samples of this hole that were already played."""


class Refiner(Protocol):
    """Runs beside the predictor. The predictor's result exists before ``refine`` is called."""

    name: str

    def refine(self, request: RefinerRequest) -> Samples | None:
        """Better samples of the prediction's shape, or None when there is nothing (better) in time.

        Must return within the time the runner declares; a result that would come later is abandoned by the runner,
        which answers None, and is counted by the engine as ``model_late``.
        """
