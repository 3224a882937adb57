"""libsamplerate as the resampler that follows a sender's clock.

Checked, not assumed (samplerate 0.2.4, libsamplerate 0.2.2): a new ratio is led over to linearly across the call's output, and
a tone under a ratio that swings by 500 ppm in 512 or 64 samples a call stays clean to -96 dB or better; ``sinc_medium`` holds
back 46 samples and passes 19 kHz at 44.1 kHz, ``sinc_fastest`` 20 samples and 80 % of half the rate. soxr's variable-rate mode
holds back 240.
"""

import numpy as np

from plcd.core.frame import Samples

WIDE_ENOUGH_HZ = 48_000
"""From this rate on the shorter filter passes 18 kHz; below it the longer one is taken."""
FASTEST_DELAY, MEDIUM_DELAY = 20, 47


class SampleRateConverter:
    """A :class:`plcd.core.resampled.Resampler`. Raises ImportError where the package samplerate is missing."""

    def __init__(self, rate: int, channels: int) -> None:
        import samplerate

        short = rate >= WIDE_ENOUGH_HZ
        self.delay = FASTEST_DELAY if short else MEDIUM_DELAY
        self._channels = channels
        self._converter = samplerate.Resampler("sinc_fastest" if short else "sinc_medium", channels)

    def process(self, samples: Samples, ratio: float) -> Samples:
        """As the protocol says."""
        given = np.ascontiguousarray(samples[:, 0] if self._channels == 1 else samples, dtype=np.float32)
        made: Samples = np.asarray(self._converter.process(given, ratio), dtype=np.float32)
        return made.reshape(-1, self._channels)
