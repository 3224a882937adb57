"""One format for the output, whatever the peers change in mid-session.

Theory of operation. The output (and a recording) keeps the rate and the channels of the first stream. While streams have these,
frames pass untouched. When one begins that has others, the engine plays it in its own format, and what it plays is resampled by
the fixed ratio and spread over the output's channels, behind everything that conceals. The engine is then asked as often as it
takes. A frame's worth of sound is kept in hand from then on, so that it is never asked for a frame before the instant that it is
for. What would have followed in the old stream fades out meanwhile, and the new one fades in.
"""

import math
from collections.abc import Callable

import numpy as np

from plcd.core.engine import Engine
from plcd.core.frame import Origin, PlayedFrame, Samples
from plcd.core.origins import Origins, labelled, origins_of, stretched
from plcd.core.resampled import Resampler

SECOND_NS = 1_000_000_000
FADE_IN_S = 0.003
"""As long as what returns after a hole takes to come in."""


class FormatBridge:
    """Pulls frames of ``engine`` for an output of ``rate`` Hz and ``channels``. ``make_resampler`` as the engine's."""

    def __init__(
        self, engine: Engine, rate: int, channels: int, make_resampler: Callable[[int, int], Resampler]
    ) -> None:
        self.engine = engine
        self.rate = rate
        self.channels = channels
        self._frame = engine.config.packet
        self._make_resampler = make_resampler
        self._resampler: Resampler | None = None
        self._source = rate, channels
        self._holding = False
        self._fade_in = False
        self._spare = self._fed = self._made = 0
        self._ready = np.zeros((0, channels), dtype=np.float32)
        self._origins: Origins = np.zeros(0, dtype=np.int8)
        self._fading: Samples = self._ready

    @property
    def delay(self) -> int:
        """Samples of the output's rate by which a sound is played later than it is asked for."""
        return self._spare

    def pull(self, now_ns: int) -> PlayedFrame:
        """The output's next frame, asked for at ``now_ns``: see :meth:`Engine.pull`."""
        if not self._holding:
            frame = self.engine.pull(now_ns)
            if self._format() == self._source:
                return frame
            self._change()
            self._hold()
            self._take(frame)
        while self._ready.shape[0] < self._frame:
            frame = self.engine.pull(now_ns - self._ahead_ns())
            if self._format() != self._source:
                self._change()
            self._take(frame)
        audio, self._ready = self._ready[: self._frame], self._ready[self._frame :]
        origins, self._origins = self._origins[: self._frame], self._origins[self._frame :]
        return labelled(audio, origins)

    def _format(self) -> tuple[int, int]:
        assert self.engine.rate is not None
        assert self.engine.channels is not None
        return self.engine.rate, self.engine.channels

    def _ahead_ns(self) -> int:
        """For how much earlier an instant than the output's the engine's next frame is."""
        return (self._spare - self._ready.shape[0] - self._held_back()) * SECOND_NS // self.rate

    def _held_back(self) -> int:
        """Samples of the output that are still in the resampler."""
        return self._fed * self.rate // self._source[0] - self._made

    def _change(self) -> None:
        """The engine's next frame is the first of another format."""
        if self.engine.farewell is not None:
            last = self._converted(self.engine.farewell.audio)
            self._fading = last * _fade(last.shape[0])[::-1]
        self._source = rate, _ = self._format()
        self._resampler = None if rate == self.rate else self._make_resampler(rate, self.channels)
        self._fed = self._made = 0
        self._fade_in = True

    def _hold(self) -> None:
        """From now on sound is kept in hand."""
        self._holding = True
        # Filters grow with the ratio where they must cut off what the output's rate does not hold.
        delay = self._resampler.delay if self._resampler else 0
        self._spare = self._frame + math.ceil(delay * max(1.0, self.rate / self._source[0]))
        silence = np.zeros((self._spare, self.channels), dtype=np.float32)
        self._append(silence, np.full(self._spare, Origin.SPLICED, dtype=np.int8))

    def _take(self, frame: PlayedFrame) -> None:
        """Make a frame of the engine's ready."""
        audio = self._converted(frame.audio)
        if self._fade_in and audio.shape[0]:
            count = min(audio.shape[0], round(FADE_IN_S * self.rate))
            audio = np.concatenate((audio[:count] * _fade(count), audio[count:]))
            self._fade_in = False
        if audio.shape[0]:
            self._append(audio, stretched(origins_of(frame), audio.shape[0]))

    def _converted(self, audio: Samples) -> Samples:
        """``audio`` of the format that is played, in the output's."""
        spread = with_channels(audio, self.channels)
        if self._resampler is None:
            return spread
        made = self._resampler.process(spread, self.rate / self._source[0])
        self._fed += spread.shape[0]
        self._made += made.shape[0]
        return made

    def _append(self, audio: Samples, origins: Origins) -> None:
        count = min(audio.shape[0], self._fading.shape[0])
        if count:
            audio = audio.copy()
            audio[:count] += self._fading[:count]
            self._fading = self._fading[count:]
        self._ready = np.concatenate((self._ready, audio))
        self._origins = np.concatenate((self._origins, origins))


def with_channels(audio: Samples, channels: int) -> Samples:
    """``audio`` ``(n, any)`` on ``channels``: one goes to all, several to one as their mean; else each to its own, and silence to
    the rest.
    """
    have = audio.shape[1]
    if have == channels:
        return audio
    if have == 1:
        return np.repeat(audio, channels, axis=1)
    if channels == 1:
        mean: Samples = audio.mean(axis=1, keepdims=True, dtype=np.float32)
        return mean
    return np.pad(audio[:, :channels], ((0, 0), (0, max(0, channels - have))))


def _fade(count: int) -> Samples:
    """From 0 to 1, shape ``(count, 1)``: a raised cosine."""
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(count, dtype=np.float32) + 0.5) / max(count, 1))
    return rise.astype(np.float32)[:, None]
