"""How near a spectrogram is to another: the figures of Serra et al. 2021 (section 5.1)."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float64]


def psnr_db(truth: Picture, made: Picture, peak: float = 1.0) -> float:
    """Equation 1: ``peak`` (the largest value there can be, not the largest there is) over the root of the mean squared error.

    Infinite for equal pictures. It rises as the music gets softer: only differences between methods mean something.
    """
    error = float(np.mean((made - truth) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(peak**2 / error))


def nrmse(truth: Picture, made: Picture) -> float:
    """Root of the mean squared error over the root of the truth's mean square.

    Equation 3 divides by the range instead, but the paper's own tables do not: with 10 to 70 % deleted they begin at .56, which
    is about the root of the share deleted; over the range it would be a tenth of that. NaN for a silent truth.
    """
    level = float(np.mean(truth**2))
    return float(np.sqrt(np.mean((made - truth) ** 2) / level)) if level else float("nan")
