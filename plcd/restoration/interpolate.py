"""The strong reference without a network: every gap filled from both sides by autoregression, channel by channel."""

from typing import Final

import numpy as np

from plcd.restoration.filling import Sizes, fill
from plcd.restoration.restorer import Audio, Mask, Progress, Reach, Window, runs_of

SIZES: Final = ((512, 2048), (1024, 3072), (1536, 6144))
"""Order and samples of each side at 44.1 kHz. Of 256 to 2048 on 1024 to 8192 these three together are nearest;
docs/restoration.md."""
MADE_FOR: Final = 44_100
"""Below this rate orders and samples are fewer, as many in time: at 16 kHz 0.2 to 0.6 dB nearer."""
QUICK: Final = ((256, 1024),)
"""For gaps that only stand in another one's context."""
LONGEST_S: Final = 0.4
"""Nothing is known of what happens in a longer gap, and plcd's own fade to silence ends there."""
AMOUNT: Final = 1.0
"""Of sampled innovation: 0 is 0.1 to 0.5 dB nearer and 0.1 to 0.4 ODG worse from 23 ms on."""


class Interpolate:
    """A :class:`plcd.restoration.restorer.Restorer`. ``sizes`` and ``amount`` as the constants above; sizes that are given are
    taken at any rate."""

    def __init__(self, sizes: Sizes | None = None, amount: float = AMOUNT) -> None:
        self._sizes = sizes
        self._amount = amount

    @property
    def identity(self) -> str:
        sizes = f"{SIZES} at {MADE_FOR}" if self._sizes is None else str(self._sizes)
        return f"interpolate 3 sizes={sizes} amount={self._amount:g}"

    def reach(self, rate: int) -> Reach:
        context = max(size for _, size in self._at(rate))
        return Reach(context, context, round(LONGEST_S * rate))

    def restore(self, window: Window, progress: Progress) -> Audio:
        """See :meth:`plcd.restoration.restorer.Restorer.restore`. Other gaps in the context are filled quickly first."""
        audio = window.audio.copy()
        unknown = window.missing.copy()
        longest, sizes = self.reach(window.rate).longest, self._at(window.rate)
        gaps = [(start, stop) for start, stop in runs_of(window.missing) if stop - start <= longest]
        wanted = [gap for gap in gaps if window.wanted is None or window.wanted[gap[0]]]
        if len(gaps) > 1:
            for gap in gaps:
                self._fill(audio, unknown, gap, window.rate, QUICK)
                unknown[slice(*gap)] = False
        for done, gap in enumerate(wanted):
            self._fill(audio, unknown, gap, window.rate, sizes)
            progress((done + 1) / len(wanted))
        return audio[window.missing]

    def _at(self, rate: int) -> Sizes:
        if self._sizes is not None:
            return self._sizes
        share = min(1.0, rate / MADE_FOR)
        return tuple((max(16, round(order * share)), max(64, round(size * share))) for order, size in SIZES)

    def _fill(self, audio: Audio, unknown: Mask, gap: tuple[int, int], rate: int, sizes: Sizes) -> None:
        """Fill one gap of ``audio`` in place, by what is known without a break on each side."""
        start, stop = gap
        others = np.flatnonzero(unknown)
        left = others[others < start]
        right = others[others >= stop]
        begins = int(left[-1]) + 1 if left.size else 0
        ends = int(right[0]) if right.size else len(audio)
        for channel in range(audio.shape[1]):
            past = np.ascontiguousarray(audio[begins:start, channel])
            future = np.ascontiguousarray(audio[stop:ends, channel])
            audio[start:stop, channel] = fill(past, future, stop - start, rate, sizes, self._amount)
