from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.linear_prediction import autocorrelation_fit, burg
from plcd.core.predictor import DEFAULT_PREDICTOR, MAX_CONTEXT, MAX_ORDER, Predictor

methods = st.sampled_from(["burg", "lpc"])


@given(methods, st.integers(1, MAX_ORDER), st.integers(0, MAX_CONTEXT))
def test_a_name_is_read_back(method: str, order: int, more: int) -> None:
    predictor = Predictor(method, order, min(2 * order + more, MAX_CONTEXT))
    assert Predictor.parse(str(predictor)) == predictor
    assert Predictor.parse(f"  {str(predictor).upper()} ") == predictor


def test_the_default() -> None:
    assert str(DEFAULT_PREDICTOR) == "burg:1024/4096"


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("", "burg:ORDER/CONTEXT"),
        ("burg", "burg:ORDER/CONTEXT"),
        ("arma:1/2", "burg:ORDER/CONTEXT"),
        ("burg:1.5/20", "burg:ORDER/CONTEXT"),
        ("burg:-1/20", "burg:ORDER/CONTEXT"),
        ("burg:10/99999999999999999999", "burg:ORDER/CONTEXT"),
        ("burg:0/4096", "1..4096"),
        ("lpc:4097/65536", "1..4096"),
        ("burg:10/19", "20..65536"),
        ("burg:10/65537", "20..65536"),
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
    ("method", "order", "context"), [("x", 8, 64), ("burg", 0, 64), ("lpc", 8, 15), ("lpc", 8, 70_000)]
)
def test_values_are_checked_however_it_is_made(method: str, order: int, context: int) -> None:
    with pytest.raises(ValueError, match="predictor"):
        Predictor(method, order, context)


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 31, 32, 64])
@pytest.mark.parametrize("method", ["burg", "lpc"])
def test_a_short_context_lowers_the_order(method: str, count: int) -> None:
    x = np.random.default_rng(0).standard_normal(count)
    a = Predictor(method, 16, 64).fit(x)
    order = min(16, count // 2)
    expected = (burg if method == "burg" else autocorrelation_fit)(x, order)
    assert a.tolist() == [*expected, *[0.0] * (16 - order)]
