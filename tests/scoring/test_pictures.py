"""PSNR and NRMSE of spectrograms."""

import numpy as np
import pytest

from plcd.scoring.pictures import nrmse, psnr_db


def test_psnr_is_the_peak_over_the_error() -> None:
    truth = np.full((4, 4), 0.5)
    assert psnr_db(truth, truth + 0.01) == pytest.approx(40.0)
    assert psnr_db(truth, truth + 0.01, peak=0.5) == pytest.approx(40 - 20 * np.log10(2))
    assert psnr_db(truth, truth) == float("inf")


def test_nrmse_of_what_is_deleted_is_the_root_of_its_share() -> None:
    """The paper's tables begin at .56 for 10 to 70 %: over the range of values they would not."""
    truth = np.random.default_rng(0).uniform(0.9, 1.1, (128, 100))
    given = truth.copy()
    given[:, 20:56] = 0
    assert nrmse(truth, given) == pytest.approx(0.6, abs=0.01)
    assert nrmse(10 * truth, 10 * given) == pytest.approx(nrmse(truth, given))
    assert np.isnan(nrmse(0 * truth, truth))
