"""What metadata may say, and what is said of the rest."""

import json
from typing import Any

import pytest
import tiny_models as tiny
from hypothesis import given
from hypothesis import strategies as st

from plcd.neural.contract import Contract, Scale, Stft
from plcd.neural.errors import ModelError

GOOD = tiny.magnitude_values()


def parse(**changes: Any) -> Contract:
    values = {key: value for key, value in (GOOD | changes).items() if value != "gone"}
    return Contract.parse({"plcd": json.dumps(values)})


def test_what_is_said_is_understood() -> None:
    contract = parse(noise=0.5, stages=2, threads=2, scale={"kind": "rms", "value": 14}, more="is allowed")
    assert (contract.name, contract.kind, contract.rate) == ("tiny", "magnitude", 44_100)
    assert (contract.context, contract.block, contract.horizon, contract.made) == (1024, 512, 1024, 768)
    assert (contract.predictor, contract.noise, contract.fade) == ("best", 0.5, 64)
    assert (contract.stages, contract.threads) == (2, 2)
    assert contract.stft == Stft(64, 16)
    assert contract.scale == Scale("rms", 14.0)
    assert contract.origin == {"plcd": "0", "commit": "none", "data": "none", "steps": 0}


def test_what_may_be_left_out() -> None:
    assert parse(longest=4096).longest == 4096
    contract = parse(stft="gone", scale="gone")
    assert contract.longest >= 44_100
    assert (contract.stft, contract.scale, contract.stages, contract.threads) == (None, Scale("none"), 1, 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contract": 2}, "contract 2 in its metadata: this version of plcd knows contract 1"),
        ({"contract": True}, "contract True"),
        ({"contract": "gone"}, "contract none"),
        ({"rate": 4000}, "'rate' must be a whole number from 8000 to 192000, not 4000"),
        ({"rate": 44100.0}, "'rate' must be a whole number"),
        ({"rate": True}, "'rate' must be"),
        ({"rate": "gone"}, "lacks 'rate'"),
        ({"context": 0}, "'context'"),
        ({"context": 70_000}, "from 1 to 65536"),
        ({"block": 2000}, "'horizon' must be a whole number from 2000"),
        ({"made": 511}, "'made' must be a whole number from 512 to 1024"),
        ({"made": 1025}, "'made'"),
        ({"fade": 513}, "'fade'"),
        ({"noise": 3}, "'noise' must be a number from 0 to 2"),
        ({"noise": float("nan")}, "'noise'"),
        ({"name": "../../etc"}, "'name' must be a text"),
        ({"name": ""}, "'name'"),
        ({"kind": 3}, "'kind' must be a text"),
        ({"predictor": "x" * 300}, "'predictor' must be a text"),
        ({"predictor": "a\nb"}, "'predictor'"),
        ({"predictor": "auto"}, "'predictor': predictor 'auto': expected best, fast or METHOD"),
        ({"predictor": "lpc:128/100"}, "the context must lie in 256.."),
        ({"stages": 3}, "'stages'"),
        ({"longest": 100}, "'longest' must be a whole number from 512"),
        ({"scale": "fixed"}, "'scale' must be an object"),
        ({"scale": {"kind": "fixed"}}, "lacks 'value'"),
        ({"stft": {"size": 8, "hop": 1, "window": "hann"}}, "'size'"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        parse(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, "no metadata under the key 'plcd'"),
        ({"plcd": "{"}, "is not JSON"),
        ({"plcd": "[1]"}, "is not a JSON object"),
        ({"plcd": "[" * 50_000}, "is not JSON"),
        ({"plcd": " " * 70_000}, "more than 65536 characters"),
    ],
)
def test_no_metadata_of_ours(metadata: dict[str, str], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        Contract.parse(metadata)


@given(
    st.sampled_from(sorted(GOOD)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=4,
    ),
)
def test_anything_is_a_contract_or_refused(key: str, value: object) -> None:
    try:
        contract = parse(**{key: value})
    except ModelError as error:
        said = str(error)
    else:
        said = "fine"
        assert 1 <= contract.block <= contract.made <= contract.horizon
    assert len(said) < 300
    assert said.isprintable()


@pytest.mark.parametrize(
    ("rate", "works"), [(44_100, True), (48_000, True), (38_000, True), (32_000, False), (96_000, False)]
)
def test_rates(rate: int, works: bool) -> None:
    reason = parse().refuses(rate)
    assert (reason is None) == works
    assert reason is None or f"not for {rate} Hz" in reason
