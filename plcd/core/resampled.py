"""Frames of the sender's clock made into frames of the output's.

Theory of operation. Behind everything that conceals sits a resampler whose ratio may change while it runs. While it is *off*
frames pass untouched. It is switched on by itself, and then stays on, when the :class:`DriftLoop` is sure that the
clocks differ. From then on each frame of the output takes as many samples of the sender as the ratio says, a sample more or less
from frame to frame; the resampler holds back :attr:`Resampler.delay` of them. These are asked for at once when it is
switched on, and it is shown what was played before: so the sound goes on at the very sample where it was.

The ratio is 1 + drift + what leads the filtered level back to where it was when the loop had settled, over :data:`RETURN_S`.
"""

from typing import Final, Protocol

import numpy as np

from plcd.core.drift import DriftLoop
from plcd.core.frame import Origin, PlayedFrame, Samples
from plcd.core.origins import labelled, origins_of, stretched

DRIFT: Final = ("auto", "on", "off")
"""Resample when clocks differ; from the beginning; or never."""
SETTLED_S = 8.0
"""The level to hold is that from which the loop's line then says that the stream began; before that nothing is decided."""
SURE_S = 20.0
SOON_LEVEL_S, SURE_LEVEL_S = 0.002, 0.0005
"""The clocks differ when the level has left its place by half a millisecond (by two before :data:`SURE_S`)"""
SURE_NOISES = 6.0
"""and by so many times the noise of both."""
LEAST_PPM = 0.5
"""Less makes half a millisecond in 17 minutes."""
RETURN_S = 10.0
MOST = 1000e-6
"""No ratio departs from 1 by more: twice what quartz clocks differ by, 1.7 cents."""
SLEW = 400e-6
"""A second: the ratio changes no faster, a tone of 1 kHz by 0.4 Hz in a second. So what loop and resampler do is no step."""
SPARE = 2
"""Output samples kept ready: the resampler gives one more or less than the ratio says."""
REACH = 4
"""Delays of sound shown to the resampler when it is switched on: its filter is two long."""
BLEND = 128
"""Samples over which the resampled sound takes over when it is switched on; only its highest octave differs."""


class Resampler(Protocol):
    """A library's streaming resampler."""

    delay: int
    """Input samples that it holds back. At ratio 1 output sample n is in the place of input sample n."""

    def process(self, samples: Samples, ratio: float) -> Samples:
        """Take ``samples`` ``(n, channels)``; ``ratio``: output samples for one of the input, led over to smoothly."""


class Source(Protocol):
    """Gives frames of the sender's clock."""

    def __call__(self, frames: int) -> PlayedFrame:
        """The next ``frames`` samples."""


class Resampled:
    """``frame``: samples that the output asks for. ``resampler``: None, or ``mode`` off: frames always pass untouched."""

    def __init__(self, rate: int, frame: int, mode: str, resampler: Resampler | None) -> None:
        self.loop = DriftLoop(rate)
        self.running = False
        self._rate = rate
        self._frame = frame
        self._resampler = None if mode == "off" else resampler
        self._always = mode == "on"
        self._wanted_noise = 0.0
        self.wanted_level: float | None = None
        """The filtered level that is held, in samples; None until the loop has settled."""
        self.away: float | None = None
        """How far the filtered level is from there now, in samples."""
        self._ratio = 1.0
        self._tail: Samples | None = None
        self._ready: Samples | None = None
        self._left_out = 0
        self._origins = np.zeros(0, dtype=np.int8)

    @property
    def delay(self) -> int:
        """Samples between what is asked of the buffer and what is played, where the resampler runs."""
        return self._resampler.delay + SPARE if self.running and self._resampler else 0

    @property
    def ppm(self) -> float | None:
        """By how much the sender's clock is fast; None until the loop has settled."""
        return self.loop.ppm if self.loop.seen_s >= SETTLED_S else None

    def moved(self, inserted: float) -> None:
        """The playout point was moved on purpose: so is the level to hold."""
        self.loop.shift(inserted)
        if self.wanted_level is not None:
            self.wanted_level += inserted

    def restart(self) -> None:
        """Another stream, or another path: what was known of its clock is not known any more."""
        self.loop = DriftLoop(self._rate)
        self.wanted_level = self.away = None

    def pull(self, now_ns: int, source: Source) -> PlayedFrame:
        """The output's next frame."""
        self._steer(now_ns)
        if not self.running:
            frame = source(self._frame)
            if self._resampler is not None:
                self._remember(frame.audio)
            return frame
        direct = None if self._ready is not None else self._take(source)
        while self._ready is None or self._ready.shape[0] < self._frame:
            self._take(source)
        self.loop.shift(self._frame)
        audio, self._ready = self._ready[: self._frame], self._ready[self._frame :]
        if direct is not None:
            audio = _blended(direct[: self._frame], audio)
        return self._labelled(audio)

    def _steer(self, now_ns: int) -> None:
        """Decide on the ratio, and whether there is to be one."""
        loop = self.loop
        if self._resampler is None:
            return
        if self._always and not self.running:
            self._switch_on()
        if loop.seen_s < SETTLED_S:
            return
        level = loop.level(now_ns)
        if self.wanted_level is None:
            self.wanted_level = level - loop.ppm * 1e-6 * self._rate * loop.seen_s
            self._wanted_noise = loop.noise
        self.away = away = level - self.wanted_level
        if not self.running:
            least = SOON_LEVEL_S if loop.seen_s < SURE_S else SURE_LEVEL_S
            sure = max(least * self._rate, SURE_NOISES * (loop.noise + self._wanted_noise))
            if abs(away) <= sure or loop.ppm * away <= 0.0 or abs(loop.ppm) <= LEAST_PPM:
                return
            self._switch_on()
        departs = 1e-6 * loop.ppm + away / (RETURN_S * self._rate)
        step = SLEW * self._frame / self._rate
        target = 1.0 + max(-MOST, min(MOST, departs))
        self._ratio += max(-step, min(step, target - self._ratio))

    def _switch_on(self) -> None:
        """Show the resampler what was played; what it makes of that is left out."""
        assert self._resampler is not None
        self.running = True
        if self._tail is not None:
            made = self._resampler.process(self._tail, 1.0)
            self._left_out = self._tail.shape[0] - made.shape[0]

    def _take(self, source: Source) -> Samples:
        """Have the resampler make what is lacking; returns the sound that it was given."""
        assert self._resampler is not None
        held = 0 if self._ready is None else self._ready.shape[0]
        count = max(1, round((self._frame + SPARE + self._left_out - held) * self._ratio))
        frame = source(count)
        self.loop.shift(-count)
        self._origins = np.concatenate((self._origins, origins_of(frame)))
        made = self._resampler.process(frame.audio, 1.0 / self._ratio)
        left_out, self._left_out = self._left_out, max(0, self._left_out - made.shape[0])
        made = made[left_out:]
        self._ready = made if self._ready is None else np.concatenate((self._ready, made))
        return frame.audio

    def _remember(self, audio: Samples) -> None:
        """Keep what the resampler would have to be shown."""
        assert self._resampler is not None
        known = audio if self._tail is None else np.concatenate((self._tail, audio))
        self._tail = known[-REACH * self._resampler.delay :].copy()

    def _labelled(self, audio: Samples) -> PlayedFrame:
        """``audio`` with the origins of the samples that it was made of, but for what the resampler still holds."""
        assert self._resampler is not None
        assert self._ready is not None
        held = min(self._origins.size, self._resampler.delay + self._ready.shape[0])
        used, self._origins = np.split(self._origins, (self._origins.size - held,))
        if not used.size:
            return PlayedFrame(audio, Origin.RECEIVED)
        return labelled(audio, stretched(used, audio.shape[0]))


def _blended(before: Samples, after: Samples) -> Samples:
    """From ``before`` into ``after``, in their first samples."""
    count = min(BLEND, before.shape[0])
    weight = (np.arange(1, count + 1, dtype=np.float32) / np.float32(count + 1))[:, None]
    return np.concatenate(((1 - weight) * before[:count] + weight * after[:count], after[count:]))
