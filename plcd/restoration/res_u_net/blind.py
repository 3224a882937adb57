"""Nothing is known of where the damage is: the network looks at everything and says what it should have been.

*Careful* (the default): silences that begin and end in the midst of sound are holes, and filled as if they had been known
(:mod:`plcd.restoration.res_u_net.known`). Of what is left a frame counts as damaged where the network says it should hold much
more than it does; only samples in such frames change, below 8 kHz. *Not careful*: as in the paper. The network's word is taken
for every frame, and the phases are Griffin and Lim's, beginning with those that there were.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.neural.errors import ModelError
from plcd.neural.patches import BINS, FULL_SCALE, HOP, RATE, SIZE, Flags, Picture, Wave, spectra
from plcd.restoration.bands import Band
from plcd.restoration.blind import Pace
from plcd.restoration.detect import holes
from plcd.restoration.errors import RestorationError
from plcd.restoration.filling import fill as autoregressive
from plcd.restoration.res_u_net.known import LONGEST_S, ResUNet
from plcd.restoration.res_u_net.mixing import ROUNDS, rebuilt
from plcd.restoration.res_u_net.phases import Spectra, griffin_lim
from plcd.restoration.res_u_net.pictures import Repairs, frames_over, repaired, samples_under
from plcd.restoration.restorer import Audio, Window, runs_of

PAPER_ROUNDS: Final = 32
"""The paper does not say how many."""
SIZES: Final = ((512, 2048),)
"""Order and samples of each side of the predictor that phases begin with: as long, in time, as the largest of ``interpolate``."""
CONTEXT: Final = 2048
STRETCH_S: Final = 8.0
CONTEXT_S: Final = 0.6
"""More than a patch."""
SHORTEST_S: Final = 0.004
"""Of a hole that is plain to see."""
LED_S: Final = 0.01
MUCH_DB: Final = 4.0
"""More power than there is, by so much: damaged. A frame of music half of which is silence has 3 dB too little."""
FADED_DB: Final = 26.0
"""What lies beside a run of damaged frames has at most so much less power than the network wants in it."""
_BESIDE: Final = SIZE // HOP
"""Frames: the last ones may be damaged in part."""
_AUDIBLE: Final = 1e-5
"""Of full scale: what the network adds below that damages nothing."""


@dataclass(frozen=True)
class BlindResUNet:
    """A :class:`plcd.restoration.blind.BlindRestorer`. ``digest``: the first figures of the network's SHA-256."""

    network: Repairs
    digest: str
    careful: bool = True
    rounds: int = PAPER_ROUNDS
    """Of Griffin and Lim's iteration, where everything goes through it."""

    @property
    def identity(self) -> str:
        how = f"model={self.digest} careful={self.careful} rounds={self.rounds}"
        return f"res-u-net blind 3 {how} on {ResUNet(self.network, self.digest).identity}"

    def pace(self, rate: int) -> Pace:
        Band(1, rate)
        return Pace(round(STRETCH_S * rate), round(CONTEXT_S * rate), round(LED_S * rate))

    def renew(self, audio: Audio, start: int, stop: int, rate: int) -> Audio:
        """See :meth:`plcd.restoration.blind.BlindRestorer.renew`."""
        if self.careful:
            audio = self._filled(audio, start, stop, rate)
        band = Band(len(audio), rate)
        out = audio[start:stop].copy()
        for channel in range(audio.shape[1]):
            low = band.down(audio[:, channel])
            changed, where = self.wave(low)
            if where.any():
                places = np.arange(start, stop) * RATE // rate
                out[:, channel] += band.up(changed - low)[start:stop] * where[places]
        return out

    def _filled(self, audio: Audio, start: int, stop: int, rate: int) -> Audio:
        """``audio`` with the holes that are plain to see and reach into ``start`` to ``stop``."""
        missing = np.zeros(len(audio), np.bool_)
        for begin, end in holes(audio, rate, round(SHORTEST_S * rate), round(LONGEST_S * rate)):
            if begin < stop and end > start:
                missing[begin:end] = True
        if not missing.any():
            return audio
        out = audio.copy()
        known = ResUNet(self.network, self.digest)
        out[missing] = known.restore(Window(audio, missing, rate), lambda _: None)
        return out

    def wave(self, low: Wave) -> tuple[Wave, Flags]:
        """``low`` ``(n,)`` at 16 kHz, better, and which samples changed."""
        frames = -(-low.size // HOP) + SIZE // HOP
        behind = (frames - 1) * HOP - low.size
        padded = np.pad(low, (SIZE, behind), mode="symmetric")
        given = spectra(padded)
        there = np.abs(given[:BINS])
        try:
            made = repaired(self.network, there / FULL_SCALE) * FULL_SCALE
        except ModelError as error:
            raise RestorationError(f"res-u-net: the network: {error}") from None
        inside = slice(SIZE, SIZE + low.size)
        if not self.careful:
            return self._all(made, given)[inside], np.ones(low.size, np.bool_)
        damaged = broken_off(damaged_frames(made, there), made, there)
        _leave_ends(damaged, low.size)
        where = _shrunk(samples_under(damaged))
        touched = frames_over(where)
        better = rebuilt(_drawn(padded, where), where, touched, made[:, touched], ROUNDS)
        return better[inside], where[inside]

    def _all(self, made: Picture, given: Spectra) -> Wave:
        return griffin_lim(np.concatenate((made, np.abs(given[BINS:]))), given, self.rounds)


def broken_off(damaged: Flags, made: Picture, given: Picture) -> Flags:
    """Those runs of ``damaged`` beside which the sound goes on. Where it had faded away, or had yet to begin, there is a rest."""
    wanted, there = np.mean(made**2, axis=0), np.mean(given**2, axis=0)
    out = damaged.copy()
    for start, stop in runs_of(damaged):
        least = 10 ** (-FADED_DB / 10) * float(np.mean(wanted[start:stop]))
        sides = there[max(0, start - _BESIDE) : start], there[stop : stop + _BESIDE]
        if any(side.size and side.max() < least for side in sides):
            out[start:stop] = False
    return out


def _leave_ends(damaged: Flags, samples: int) -> None:
    """In place: runs none of which lies wholly in the ``samples`` between the padding count for nothing. Sound mirrored there
    stands still, with less power than it has.
    """
    for start, stop in runs_of(damaged):
        if (stop - 1) * HOP < SIZE or start * HOP > samples:
            damaged[start:stop] = False


def _shrunk(where: Flags) -> Flags:
    """Without the samples at both ends of each run that most windows of what is damaged hardly hold."""
    out = where.copy()
    for start, stop in runs_of(where):
        out[start : start + HOP // 2] = False
        out[stop - HOP // 2 : stop] = False
    return out


def _drawn(wave: Wave, where: Flags) -> Wave:
    """``wave`` with what lies in ``where`` made up by autoregression from both sides: where phases begin."""
    out = wave.copy()
    for start, stop in runs_of(where):
        past, future = out[max(0, start - CONTEXT) : start], wave[stop : stop + CONTEXT]
        ahead = np.flatnonzero(where[stop : stop + CONTEXT])
        known = np.ascontiguousarray(future[: ahead[0]] if ahead.size else future)
        out[start:stop] = autoregressive(np.ascontiguousarray(past), known, stop - start, RATE, SIZES, 0.0)
    return out


def damaged_frames(made: Picture, given: Picture) -> Flags:
    """Which frames of ``given`` ``(BINS, frames)`` should hold much more than they do, by what the network has ``made`` of them.

    Both as large as spectra are.
    """
    wanted, there = np.mean(made**2, axis=0), np.mean(given**2, axis=0)
    least = (_AUDIBLE * FULL_SCALE) ** 2 / BINS
    damaged: Flags = wanted > np.maximum(10 ** (MUCH_DB / 10) * there, least)
    return damaged
