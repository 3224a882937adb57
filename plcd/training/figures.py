"""What a network is worth in use: validation clips concealed by plcd with it in place, and scored."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plcd.core.concealer import Concealer
from plcd.core.loss import Flags, parse_loss
from plcd.core.refiner import Refiner
from plcd.scoring.packages import MissingPackageError, at_48_khz, zimtohrli_mos
from plcd.scoring.pair import Losses, Pair
from plcd.scoring.peaq.model import peaq_basic
from plcd.scoring.waveform import gap_snr_db
from plcd.training.data.clips import Clip, Clips
from plcd.training.recipe import Data

Figures = dict[str, float]
"""``gap_snr_db``, and where the packages are there ``zimtohrli`` and ``odg``; means over the clips."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The clips and which of their packets are lost: always the same."""

    clips: tuple[Clip, ...]
    flags: tuple[Flags, ...]
    data: Data

    @classmethod
    def draw(cls, source: Clips, count: int, loss: str, data: Data, say: Callable[[str], None]) -> "Bench":
        """``count`` clips; those without any loss have a packet in the middle lost."""
        clips, flags = [], []
        for number in range(count):
            rng = np.random.default_rng([7, number])
            clip = source.draw(rng, say)
            lost = parse_loss(loss).sample(-(-clip.size // data.packet), rng)
            lost[len(lost) // 2] |= not lost.any()
            clips.append(clip)
            flags.append(lost)
        return cls(tuple(clips), tuple(flags), data)

    def measure(self, refiner: Refiner | None, noise: float, say: Callable[[str], None]) -> Figures:
        """Conceal and score all clips; a metric whose package is missing is told to ``say`` and left out."""
        found: dict[str, list[float]] = {}
        for clip, lost in zip(self.clips, self.flags, strict=True):
            for name, value in self._score(
                clip, lost, self._conceal(clip, lost, refiner, noise), say
            ).items():
                found.setdefault(name, []).append(value)
        return {name: float(np.mean(values)) for name, values in found.items()}

    def _conceal(self, clip: Clip, lost: Flags, refiner: Refiner | None, noise: float) -> Clip:
        data = self.data
        concealer = Concealer(data.rate, 1, data.packet, data.predictor, 0, refiner, noise)
        parts = []
        for index, gone in enumerate(lost.tolist()):
            packet = clip[index * data.packet : (index + 1) * data.packet]
            parts.append(concealer.push_lost(packet.size) if gone else concealer.push(packet))
        return np.concatenate(parts)[:, 0]

    def _score(self, clip: Clip, lost: Flags, made: Clip, say: Callable[[str], None]) -> Figures:
        pair = Pair(self.data.rate, clip[:, None].astype(np.float64), made[:, None].astype(np.float64))
        found = {"gap_snr_db": gap_snr_db(pair, Losses(lost, self.data.packet, clip.size))}
        for name, metric in (
            ("zimtohrli", lambda p: zimtohrli_mos(p)),
            ("odg", lambda p: peaq_basic(p.reference, p.output).odg),
        ):
            try:
                found[name] = float(metric(at_48_khz(pair)))
            except (MissingPackageError, ValueError) as error:
                say(str(error))
        return {name: value for name, value in found.items() if np.isfinite(value)}
