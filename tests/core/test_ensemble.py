from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.ensemble import BEST, FAST, MAX_MEMBERS, NAMED, Ensemble
from plcd.core.predictor import METHODS, Predictor

predictors = st.builds(
    lambda method, order, more: Predictor(method, order, 2 * order + more),
    st.sampled_from(METHODS),
    st.integers(1, 4096),
    st.integers(0, 50_000),
)
ensembles = st.lists(predictors, min_size=1, max_size=MAX_MEMBERS, unique=True).map(
    lambda members: Ensemble(tuple(members))
)


@given(ensembles)
def test_a_name_is_read_back(ensemble: Ensemble) -> None:
    assert Ensemble.parse(str(ensemble)) == ensemble
    assert Ensemble.parse(f"  {str(ensemble).upper()} ") == ensemble


@given(ensembles)
def test_it_is_the_sum_of_its_members(ensemble: Ensemble) -> None:
    assert ensemble.primary == ensemble.members[0]
    assert ensemble.context == max(member.context for member in ensemble.members)
    assert ensemble.work == sum(member.work for member in ensemble.members)


@given(predictors)
def test_whatever_names_it_is_one(predictor: Predictor) -> None:
    one = Ensemble((predictor,))
    assert Ensemble.of(predictor) == Ensemble.of(one) == Ensemble.of(str(predictor)) == one
    assert str(one) == str(predictor) or str(one) in NAMED


@pytest.mark.parametrize("name", NAMED)
def test_what_has_a_name_bears_it(name: str) -> None:
    ensemble = NAMED[name]
    assert str(ensemble) == name
    assert Ensemble.parse(name) == Ensemble.parse(f" {name.upper()} ") == Ensemble.of(name) == ensemble
    spelled = "+".join(map(str, ensemble.members))
    assert Ensemble.parse(spelled) == ensemble
    assert str(Ensemble.parse(spelled)) == name
    # The last one's errors are the innovation, the first one's reach is what long bursts need.
    assert ensemble.members[-1].order == min(member.order for member in ensemble.members)
    assert ensemble.primary.context == ensemble.context


def test_the_best_begins_where_the_fast_ends() -> None:
    assert NAMED == {"best": BEST, "fast": FAST}
    assert len(FAST.members) == 1
    assert FAST.work < BEST.work / 4


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("", "expected best, fast or METHOD:ORDER/CONTEXT"),
        ("worst", "expected best, fast or METHOD:ORDER/CONTEXT"),
        ("best+fast", "expected best, fast or METHOD:ORDER/CONTEXT"),
        ("burg:8/64+best", "'best': expected METHOD:ORDER/CONTEXT"),
        ("burg:8/64+", "'': expected METHOD:ORDER/CONTEXT"),
        ("burg:8/64,burg:4/64", "expected METHOD:ORDER/CONTEXT"),
        ("arma:8/64", "the method is tapered, burg or lpc"),
        ("burg:8/64+burg:9/17", "18..65536"),
        ("burg:8/64+lpc:8/64+burg:8/64", "the same one twice"),
        ("+".join(f"burg:{order}/64" for order in range(1, 10)), "1..8 predictors, not 9"),
    ],
)
def test_what_is_wrong_is_said(spec: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        Ensemble.parse(spec)


def test_members_are_checked_however_it_is_made() -> None:
    with pytest.raises(ValueError, match=r"1\.\.8 predictors, not 0"):
        Ensemble(())
    with pytest.raises(ValueError, match="twice"):
        Ensemble((Predictor("burg", 8, 64),) * 2)
    with pytest.raises(ValueError, match="not 9"):
        Ensemble(tuple(Predictor("burg", order, 64) for order in range(1, 10)))


@given(st.text(max_size=20) | st.text("besta+:/0123456789urgl", max_size=40))
def test_any_text_is_an_ensemble_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert 1 <= len(Ensemble.parse(text).members) <= MAX_MEMBERS
