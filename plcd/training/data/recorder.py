"""What stands in the place of a network while examples are cut: it keeps what it is shown."""

from dataclasses import dataclass, field
from functools import cached_property

from plcd.core.ensemble import Ensemble
from plcd.core.refiner import Block, Refiner, Signal


@dataclass
class Recorder:
    """Says nothing, or what another network says; all lengths in samples, as :class:`plcd.core.refiner.Refiner` has them.

    ``speaker``: a network whose block is as long, and which looks back and ahead no further. Raises ValueError otherwise.
    """

    spec: str
    """The predictor."""
    context: int
    block: int
    horizon: int
    speaker: Refiner | None = None
    closes: bool = False
    """It wants to be shown holes that are closed from both sides."""
    name: str = "recorder"
    takes_s: float = 0.0
    longest: int = 1 << 16
    made: int = field(init=False)
    fade: int = field(init=False)
    shown: list[Block] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        speaker = self.speaker
        self.made, self.fade = (self.block, 0) if speaker is None else (speaker.made, speaker.fade)
        if speaker is not None and (
            speaker.block != self.block or speaker.context > self.context or speaker.horizon > self.horizon
        ):
            raise ValueError(
                f"{speaker.name} works on {speaker.block} samples, looks {speaker.context} back and {speaker.horizon} ahead;"
                f" examples have {self.block}, {self.context} and {self.horizon}"
            )

    @cached_property
    def predictor(self) -> Ensemble:
        """See :class:`plcd.core.refiner.Trained`."""
        return Ensemble.parse(self.spec)

    def refuses(self, rate: int) -> str | None:
        """See :class:`plcd.core.refiner.Refiner`."""
        return None if self.speaker is None else self.speaker.refuses(rate)

    def look(self, past: Signal) -> bool:
        """See there."""
        return False

    def refine(self, block: Block) -> Signal | None:
        """See there."""
        self.shown.append(block)
        speaker = self.speaker
        if speaker is None:
            return None
        first = self.context - speaker.context
        return speaker.refine(
            Block(
                block.past[first:],
                block.received[first:],
                block.prediction[: speaker.horizon],
                block.innovation[: speaker.horizon],
                block.start,
                block.rate,
            )
        )
