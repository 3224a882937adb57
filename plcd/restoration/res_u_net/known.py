"""Gaps whose places are known: the network's magnitudes, and phases that lead from one side to the other.

Each gap is first filled as ``interpolate`` does. That is where the phases begin, what stands above 8 kHz, and what stands in the
context where other gaps are. Below 8 kHz the frames that touch the gap are deleted from a patch with the gap in its middle, the
network says what they held, and the gap's samples become those whose frames come nearer to that while all others are held
(:mod:`plcd.restoration.res_u_net.mixing`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.neural.errors import ModelError
from plcd.neural.patches import FULL_SCALE, PATCH, RATE, Flags, Wave, picture
from plcd.restoration.bands import Band, at_16_khz, changed_below
from plcd.restoration.errors import RestorationError
from plcd.restoration.interpolate import Interpolate
from plcd.restoration.res_u_net.mixing import ROUNDS, rebuilt
from plcd.restoration.res_u_net.pictures import Repairs, frames_over
from plcd.restoration.restorer import Audio, Progress, Reach, Window, runs_of

LONGEST_S: Final = 0.35
"""70 % of a patch."""
CONTEXT_S: Final = 0.3
"""Half a patch, and a little more."""


@dataclass(frozen=True)
class ResUNet:
    """A :class:`plcd.restoration.restorer.Restorer`. ``digest``: the first figures of the network's SHA-256."""

    network: Repairs
    digest: str
    rounds: int = ROUNDS

    @property
    def identity(self) -> str:
        return f"res-u-net 1 model={self.digest} rounds={self.rounds} on {Interpolate().identity}"

    def reach(self, rate: int) -> Reach:
        Band(1, rate)
        context = round(CONTEXT_S * rate)
        least = Interpolate().reach(rate)
        return Reach(max(context, least.before), max(context, least.after), round(LONGEST_S * rate))

    def restore(self, window: Window, progress: Progress) -> Audio:
        """See :meth:`plcd.restoration.restorer.Restorer.restore`."""
        audio = window.audio.copy()
        audio[window.missing] = Interpolate().restore(window, lambda share: progress(share / 2))
        wanted = runs_of(window.missing if window.wanted is None else window.missing & window.wanted)
        band = Band(len(audio), window.rate)
        missing = at_16_khz(window.missing, window.rate, band.size)
        for channel in range(audio.shape[1]):

            def better(low: Wave) -> Wave:
                out = low.copy()
                for gap in wanted:
                    begin, end = (place * RATE // window.rate for place in gap)
                    self._repair(out, missing, begin, end + 1)
                return out

            changed_below(audio[:, channel], wanted, band, better)
            progress((1 + (channel + 1) / audio.shape[1]) / 2)
        return audio[window.missing]

    def _repair(self, wave: Wave, missing: Flags, begin: int, end: int) -> None:
        """Write into ``wave`` (at 16 kHz) what the gap from ``begin`` to ``end`` becomes, in a patch with it in its middle.

        Other gaps are deleted from the picture too, but each is written from its own patch.
        """
        start = max(0, min((begin + end) // 2 - PATCH // 2, wave.size - PATCH))
        part, gone = wave[start : start + PATCH], missing[start : start + PATCH]
        given, lost = np.pad(part, (0, PATCH - part.size)), np.pad(gone, (0, PATCH - part.size))
        damaged = picture(given)
        damaged[:, frames_over(lost)] = 0.0
        own = np.zeros_like(lost)
        inside = slice(max(0, begin - 1 - start), end + 1 - start)
        own[inside] = lost[inside]
        touched = frames_over(own)
        try:
            made = self.network.repair(damaged)[:, touched] * FULL_SCALE
        except ModelError as error:
            raise RestorationError(f"res-u-net: the network: {error}") from None
        part[:] = rebuilt(given, own, touched, made, self.rounds)[: part.size]
