from contextlib import suppress

import numpy as np
import pytest
from core_streams import music
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.linear_prediction import Real, autocorrelation_fit, burg, prediction_errors
from plcd.core.predictor import MAX_CONTEXT, MAX_ORDER, METHODS, Predictor
from plcd.core.tapered_burg import tapered_burg

methods = st.sampled_from(METHODS)


def weighted(x: Real, order: int) -> Real:
    return tapered_burg(x, order)[0] if x.size else np.ones(1)


FITS = {"tapered": weighted, "burg": burg, "lpc": autocorrelation_fit}


@given(methods, st.integers(1, MAX_ORDER), st.integers(0, MAX_CONTEXT))
def test_a_name_is_read_back(method: str, order: int, more: int) -> None:
    predictor = Predictor(method, order, min(2 * order + more, MAX_CONTEXT))
    assert Predictor.parse(str(predictor)) == predictor
    assert Predictor.parse(f"  {str(predictor).upper()} ") == predictor


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("", "METHOD:ORDER/CONTEXT"),
        ("burg", "METHOD:ORDER/CONTEXT"),
        ("arma:1/2", "the method is tapered, burg or lpc"),
        ("burg:1.5/20", "METHOD:ORDER/CONTEXT"),
        ("burg:-1/20", "METHOD:ORDER/CONTEXT"),
        ("burg:10/99999999999999999999", "METHOD:ORDER/CONTEXT"),
        ("burg:0/4096", "1..4096"),
        ("lpc:4097/65536", "1..4096"),
        ("burg:10/19", "20..65536"),
        ("tapered:10/65537", "20..65536"),
    ],
)
def test_what_is_wrong_is_said(spec: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint) as error:
        Predictor.parse(spec)
    assert repr(spec) in str(error.value)


@given(st.text(max_size=20))
def test_any_text_is_a_predictor_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert Predictor.parse(text).order <= MAX_ORDER


@pytest.mark.parametrize(
    ("method", "order", "context", "hint"),
    [
        ("x", 8, 64, "tapered, burg or lpc"),
        ("tapered", 0, 64, "1..4096"),
        ("lpc", 8, 15, "16..65536"),
        ("lpc", 8, 70_000, "16..65536"),
    ],
)
def test_values_are_checked_however_it_is_made(method: str, order: int, context: int, hint: str) -> None:
    with pytest.raises(ValueError, match=rf"predictor '{method}:{order}/{context}': .*{hint}"):
        Predictor(method, order, context)


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 31, 32, 64])
@pytest.mark.parametrize("method", METHODS)
def test_a_short_context_lowers_the_order(method: str, count: int) -> None:
    x = np.random.default_rng(0).standard_normal(count)
    fit = Predictor(method, 16, 64).fit(x)
    order = min(16, count // 2)
    expected = FITS[method](x, order)
    assert fit.coefficients.tolist() == [*expected, *[0.0] * (16 - order)]
    assert fit.errors == pytest.approx(prediction_errors(x, expected), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_the_newest_errors_are_kept_and_no_more_than_a_burst_needs(method: str) -> None:
    x = music(9000)[:, 0].astype(np.float64)
    fit = Predictor(method, 16, 9000).fit(x)
    errors = prediction_errors(x, fit.coefficients)
    assert 4096 <= fit.errors.size < errors.size
    assert fit.errors == pytest.approx(errors[-fit.errors.size :], abs=1e-12)


@given(methods, st.integers(1, MAX_ORDER), st.integers(0, 10_000))
def test_its_work_is_the_pairs_of_errors_of_each_order(method: str, order: int, more: int) -> None:
    predictor = Predictor(method, order, 2 * order + more)
    pairs = sum(predictor.context - k for k in range(1, order + 1))
    assert predictor.work == (pairs * 3 // 2 if method == "burg" else pairs)
