"""Metrics that are other people's packages, and the rate they and PEAQ are defined at.

They come with the extra ``score``, are imported when they are first asked for, and are left out where they are missing.
"""

from functools import cache
from math import gcd
from typing import Any, Final

import numpy as np

from plcd.scoring.pair import Pair, Real

RATE: Final = 48_000
"""Hz: what PEAQ, Zimtohrli and ViSQOL's audio mode are defined at."""

_ZIMTOHRLI_LEAST: Final = 9600
"""Samples, 0.2 s: version 0.2.1 writes outside its memory on signals up to about 5000 samples (measured)."""
_VISQOL_LEAST: Final = RATE
"""Samples: its patches are 45 frames of 20 ms."""


class MissingPackageError(Exception):
    """A metric needs a package that is not installed. The message is one line and says what to install."""

    def __init__(self, metric: str, package: str) -> None:
        super().__init__(
            f"{metric} needs {package}: pip install '.[score]' in plcd's folder, or pip install {package}"
        )


def at_48_khz(pair: Pair) -> Pair:
    """The same pair at 48 kHz. Raises MissingPackageError where it has another rate and scipy is missing."""
    if pair.rate == RATE:
        return pair
    try:
        from scipy.signal import resample_poly
    except ImportError:
        raise MissingPackageError(f"scoring at {pair.rate} Hz", "scipy") from None
    common = gcd(RATE, pair.rate)
    signals = (
        np.asarray(resample_poly(signal, RATE // common, pair.rate // common, axis=0), np.float64)
        for signal in (pair.reference, pair.output)
    )
    return Pair(RATE, *signals)


def zimtohrli_mos(pair: Pair) -> float:
    """Zimtohrli's mean opinion score of a pair at 48 kHz, 1 to 5, averaged over channels.

    Raises MissingPackageError, and ValueError where the pair is shorter than 0.2 s.
    """
    if pair.reference.shape[0] < _ZIMTOHRLI_LEAST:
        raise ValueError("Zimtohrli needs 0.2 s of audio")
    try:
        import zimtohrli
    except ImportError:
        raise MissingPackageError("Zimtohrli", "zimtohrli") from None
    scores = [zimtohrli.mos_from_signals(*_channel(pair, c)) for c in range(pair.reference.shape[1])]
    return float(np.mean(scores))


def visqol_mos(pair: Pair) -> float:
    """ViSQOL's MOS-LQO (audio mode) of a pair at 48 kHz, 1 to about 4.7, channels mixed.

    Raises MissingPackageError, and ValueError where the pair is shorter than a second or one of the two is silent.
    """
    visqol = _visqol()
    if pair.reference.shape[0] < _VISQOL_LEAST:
        raise ValueError("ViSQOL needs 1 s of audio")
    reference, output = (np.mean(signal, axis=1) for signal in (pair.reference, pair.output))
    if not output.any() or not reference.any():
        raise ValueError("ViSQOL cannot judge silence")
    return float(visqol.measure_from_arrays(reference, output, RATE).moslqo)


@cache
def _visqol() -> Any:
    try:
        from visqol import VisqolApi
    except ImportError:
        raise MissingPackageError("ViSQOL", "visqol-python") from None
    api = VisqolApi()
    api.create(mode="audio")
    return api


def _channel(pair: Pair, channel: int) -> tuple[Real, Real]:
    return (
        np.ascontiguousarray(pair.reference[:, channel], np.float32),
        np.ascontiguousarray(pair.output[:, channel], np.float32),
    )
