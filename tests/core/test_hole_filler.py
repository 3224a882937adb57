from collections.abc import Iterable

import numpy as np
import pytest
from core_streams import RATE, SEVERAL, SMALL, music
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plcd.core.ensemble import Ensemble
from plcd.core.extrapolation import CEILING
from plcd.core.frame import Hole, Origin, Samples
from plcd.core.hole_filler import HoleFiller
from plcd.core.predictor import Predictor
from plcd.core.presence import Mask

FADE = 128


def mask(count: int, holes: Iterable[tuple[int, int]]) -> Mask:
    present = np.ones(count, dtype=np.bool_)
    for start, length in holes:
        present[start : start + length] = False
    return present


def play(
    filler: HoleFiller, samples: Samples, present: Mask, sizes: Iterable[int], ahead: int = 0
) -> tuple[Samples, list[Hole]]:
    """Play all of it in frames of ``sizes``, in turn; the last holds the rest. Holes count from the beginning."""
    parts, holes = [], []
    sizes = list(sizes)
    start = turn = 0
    while start < samples.shape[0]:
        frames = min(sizes[turn % len(sizes)], samples.shape[0] - start)
        stop = start + frames + ahead
        audio, found = filler.fill(samples[start:stop], present[start:stop], frames)
        parts.append(audio)
        holes += [Hole(start + hole.start, hole.length, hole.origin) for hole in found]
        start, turn = start + frames, turn + 1
    return np.concatenate(parts), holes


def poisoned(samples: Samples, present: Mask) -> Samples:
    """NaN wherever nothing was received."""
    samples = samples.copy()
    samples[~present] = np.nan
    return samples


def covered(holes: list[Hole], count: int) -> Mask:
    present = np.ones(count, dtype=np.bool_)
    for start, length, _ in holes:
        assert present[start : start + length].all()
        present[start : start + length] = False
    return present


masks = st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 700)), max_size=8).map(
    lambda holes: mask(4000, holes)
)
cuts = st.lists(st.integers(1, 1500), min_size=1, max_size=6)


@settings(max_examples=60)
@given(
    masks,
    cuts,
    st.sampled_from(
        [
            "burg:16/256",
            "lpc:16/256",
            "burg:1/2",
            "burg:64/128",
            "tapered:16/800",
            str(SEVERAL),
            "tapered:1/2+burg:9/700",
        ]
    ),
    st.integers(1, 2),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([1, 100, 512]),
)
def test_how_a_stream_is_cut_into_frames_does_not_matter(
    present: Mask, sizes: list[int], predictor: str, channels: int, noise: float, packet: int
) -> None:
    samples = poisoned(music(4000, channels), present)

    def filler() -> HoleFiller:
        return HoleFiller(RATE, channels, Ensemble.parse(predictor), packet, noise=noise)

    whole, _ = play(filler(), samples, present, [512])
    cut, holes = play(filler(), samples, present, sizes)
    assert np.array_equal(cut, whole)
    assert np.array_equal(covered(holes, 4000), present)
    assert {hole.origin for hole in holes} <= {Origin.PREDICTED, Origin.SILENCE}


@settings(max_examples=20, deadline=None)
@given(cuts, st.integers(1, 20_000))
def test_nor_does_it_through_fade_and_silence(sizes: list[int], length: int) -> None:
    present = mask(23_000, [(1700, length)])
    samples = poisoned(music(23_000), present)
    whole, _ = play(HoleFiller(RATE, 1, SEVERAL), samples, present, [512])
    cut, _ = play(HoleFiller(RATE, 1, SEVERAL), samples, present, sizes)
    assert np.array_equal(cut, whole)


@settings(max_examples=60)
@given(masks, st.sampled_from([0, 1, 512, 2048]), st.sampled_from([64, 512]), st.booleans(), st.booleans())
def test_received_samples_stay_and_lost_ones_are_never_read(
    present: Mask, ahead: int, frame: int, several: bool, patient: bool
) -> None:
    samples = music(4000, 2)
    filler = HoleFiller(RATE, 2, SEVERAL if several else SMALL, frame, patient=patient)
    audio, holes = play(filler, poisoned(samples, present), present, [frame], ahead)
    assert np.isfinite(audio).all()
    assert np.array_equal(covered(holes, 4000), present)
    ends = np.flatnonzero(~present[:-1] & present[1:]) + 1
    touched = ~present
    for end in ends:
        touched[end : end + FADE] = True
    assert np.array_equal(audio[~touched], samples[~touched])
    assert np.abs(audio).max(initial=0) <= CEILING * np.abs(samples).max() * (1 + 1e-6)


signals = st.sampled_from(["noise", "steps", "impulses", "decay", "swell", "tone"])


def signal(kind: str, count: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    time = np.arange(count)
    made = {
        "noise": rng.uniform(-1, 1, count),
        "steps": np.repeat(rng.uniform(-1, 1, count // 10 + 1), 10)[:count],
        "impulses": np.where(rng.random(count) < 0.02, rng.uniform(-1, 1, count), 0),
        "decay": np.exp(-0.01 * (time % 700)) * np.sin(0.2 * time),
        "swell": np.exp(0.01 * (time % 700 - 700)) * np.sin(0.2 * time),
        "tone": np.sin(rng.uniform(0, 3) * time),
    }[kind]
    return np.asarray(made, dtype=np.float32)[:, None]


@settings(max_examples=80)
@given(
    signals,
    st.integers(0, 2**32 - 1),
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from([0, 300]),
    st.sampled_from(["burg:32/128", "burg:64/256", "lpc:16/64", str(SEVERAL), "tapered:32/900"]),
    st.sampled_from([1e-44, 1e-30, 1.0, 1e30, 3.4e38]),
    st.sampled_from([0.0, 1.0, 2.0]),
)
@example("tone", 0, 1, 1, 300, "burg:64/256", 3.4e38, 0.0)  # closed right below the largest float32
def test_output_is_bounded_by_what_was_received_through_any_number_of_holes(
    kind: str, seed: int, received: int, lost: int, ahead: int, predictor: str, scale: float, noise: float
) -> None:
    """Holes filled from holes filled from holes: nothing may build up."""
    count = 6000
    samples = np.asarray(signal(kind, count, seed).astype(np.float64) * scale, dtype=np.float32)
    present = np.arange(count) < 300
    present |= np.arange(count) % (received + lost) < received
    samples[~present] = 0
    peak = float(np.abs(samples).max())
    audio, _ = play(
        HoleFiller(RATE, 1, Ensemble.parse(predictor), noise=noise),
        poisoned(samples, present),
        present,
        [64],
        ahead,
    )
    assert np.isfinite(audio).all()
    assert float(np.abs(audio).max()) <= CEILING * peak * (1 + 1e-6) + 1e-44


@settings(max_examples=40)
@given(masks, st.sampled_from([0, 1500]), st.booleans())
def test_equal_channels_stay_equal_and_do_not_depend_on_their_number(
    present: Mask, ahead: int, several: bool
) -> None:
    mono = poisoned(music(4000), present)
    predictor = SEVERAL if several else SMALL
    one, _ = play(HoleFiller(RATE, 1, predictor), mono, present, [512], ahead)
    three, _ = play(HoleFiller(RATE, 3, predictor), np.repeat(mono, 3, axis=1), present, [512], ahead)
    assert np.array_equal(three, np.repeat(one, 3, axis=1))


@pytest.mark.parametrize("predictor", [SMALL, SEVERAL])
def test_channels_share_holes_not_coefficients(predictor: Ensemble | Predictor) -> None:
    present = mask(3000, [(1000, 300), (2000, 500)])
    left, right = music(3000, seed=1), music(3000, seed=2)
    both, _ = play(HoleFiller(RATE, 2, predictor), np.concatenate((left, right), axis=1), present, [512])
    for channel, samples in enumerate((left, right)):
        alone, _ = play(HoleFiller(RATE, 1, predictor), samples, present, [512])
        assert np.array_equal(both[:, channel], alone[:, 0])


# Phases of a hole


def test_a_hole_fades_and_falls_silent_and_says_so() -> None:
    start, length = 1024, 40 * 512
    present = mask(50 * 512, [(start, length)])
    audio, holes = play(
        HoleFiller(RATE, 1, SMALL), poisoned(signal("tone", 50 * 512, 1), present), present, [512]
    )
    assert [hole.length for hole in holes] == [512] * 40
    origins = [hole.origin for hole in holes]
    silent = origins.index(Origin.SILENCE)
    assert silent == -(-round(0.4 * RATE) // 512)
    assert set(origins[:silent]) == {Origin.PREDICTED}
    assert set(origins[silent:]) == {Origin.SILENCE}
    assert not audio[start + round(0.4 * RATE) : start + length].any()
    assert audio[start + round(0.25 * RATE)].any()


@pytest.mark.parametrize("length", [512, 5120, 20_480])
def test_what_returns_is_crossfaded_over_three_milliseconds(length: int) -> None:
    signal = music(1024 + length + 1024)
    present = mask(signal.shape[0], [(1024, length)])
    audio, _ = play(HoleFiller(RATE, 1, SMALL), poisoned(signal, present), present, [512])
    longer = poisoned(signal, mask(signal.shape[0], [(1024, length + FADE)]))
    other, _ = play(HoleFiller(RATE, 1, SMALL), longer, ~np.isnan(longer[:, 0]), [512])
    end = 1024 + length
    continuation = other[end : end + FADE, 0]
    weight = np.arange(1, FADE + 1) / (FADE + 1)
    expected = (1 - weight) * continuation + weight * signal[end : end + FADE, 0]
    assert audio[end : end + FADE, 0] == pytest.approx(expected, abs=1e-6)
    assert np.array_equal(audio[end + FADE :], signal[end + FADE :])


@pytest.mark.parametrize("packet", [1, 16, 64, 128, 256])
def test_a_crossfade_is_never_longer_than_a_packet(packet: int) -> None:
    signal = music(2048)
    present = mask(2048, [(1024, 2 * packet)])
    audio, _ = play(HoleFiller(RATE, 1, SMALL, packet), poisoned(signal, present), present, [packet])
    end = 1024 + 2 * packet + min(packet, FADE)
    assert np.array_equal(audio[end:], signal[end:])


@pytest.mark.parametrize("returned", [1, 16, 128, 512])
def test_one_packet_between_two_holes(returned: int) -> None:
    signal = music(4096)
    present = mask(4096, [(1024, 512), (1536 + returned, 1024)])
    audio, holes = play(HoleFiller(RATE, 1, SMALL), poisoned(signal, present), present, [512])
    assert np.array_equal(covered(holes, 4096), present)
    kept = slice(1536 + FADE, 1536 + returned)
    assert np.array_equal(audio[kept], signal[kept])
    # The second hole goes on from what was played, whatever that was: no jump larger than the music's own, twice.
    assert np.abs(np.diff(audio[:, 0])).max() < 2 * np.abs(np.diff(signal[:, 0])).max()


def test_the_first_sample_may_be_missing() -> None:
    present = mask(2000, [(0, 700)])
    signal = music(2000)
    audio, holes = play(HoleFiller(RATE, 1, SMALL), poisoned(signal, present), present, [512])
    assert not audio[:700].any()
    assert np.array_equal(audio[700 + FADE :], signal[700 + FADE :])
    assert {hole.origin for hole in holes} == {Origin.PREDICTED}


# Lookahead


def test_a_hole_in_sight_is_closed_from_both_sides() -> None:
    signal = music(4096)
    present = mask(4096, [(2048, 512)])
    predictor = Predictor("burg", 128, 1024)
    audio, holes = play(HoleFiller(RATE, 1, predictor), poisoned(signal, present), present, [512], 512)
    assert holes == [(2048, 512, Origin.INTERPOLATED)]
    assert np.array_equal(audio[present], signal[present])
    causal, _ = play(HoleFiller(RATE, 1, predictor), poisoned(signal, present), present, [512])
    gone = signal[~present]
    assert np.sum((audio[~present] - gone) ** 2) < np.sum((causal[~present] - gone) ** 2)


@pytest.mark.parametrize("ahead", [1, 100, 512, 2000])
def test_a_closed_hole_may_span_frames(ahead: int) -> None:
    signal = music(4096)
    present = mask(4096, [(2000, 900)])
    filler = HoleFiller(RATE, 1, Predictor("burg", 128, 1024))
    audio, holes = play(filler, poisoned(signal, present), present, [256], ahead)
    assert np.array_equal(covered(holes, 4096), present)
    if ahead >= 900:
        assert {hole.origin for hole in holes} == {Origin.INTERPOLATED}
        assert np.array_equal(audio[present], signal[present])
    assert np.abs(np.diff(audio[:, 0])).max() < 2 * np.abs(np.diff(signal[:, 0])).max()


def test_without_any_lookahead_nothing_behind_the_frame_and_in_it_is_used() -> None:
    signal = music(2048)
    present = mask(2048, [(1100, 100)])
    _, holes = play(HoleFiller(RATE, 1, SMALL), poisoned(signal, present), present, [2048])
    assert holes == [(1100, 100, Origin.PREDICTED)]


def test_a_new_note_behind_a_hole_is_not_spread_over_it() -> None:
    signal = music(4096)
    signal[2100:] += np.asarray(0.9 * np.sign(np.sin(0.7 * np.arange(1996)))[:, None], dtype=np.float32)
    present = mask(4096, [(2048, 512)])
    audio, holes = play(HoleFiller(RATE, 1, SMALL), poisoned(signal, present), present, [512], 1024)
    causal, _ = play(HoleFiller(RATE, 1, SMALL), poisoned(signal, present), present, [512])
    assert holes == [(2048, 512, Origin.PREDICTED)]
    assert np.array_equal(audio, causal)


def late_arrival(signal: Samples, closes: int) -> tuple[Samples, HoleFiller]:
    """Two packets are missing and the hole is planned over both; while the first is played, the second comes after all."""
    filler = HoleFiller(RATE, 1, Predictor("burg", 128, 1024))
    present = mask(signal.shape[0], [(2048, 1024)])
    holed = poisoned(signal, present)
    audio, _ = play(filler, holed[:2048], present[:2048], [512])
    first, holes = filler.fill(holed[2048:4096], present[2048:4096], 512)
    assert [hole.origin for hole in holes] == [Origin.INTERPOLATED]
    present[2560 + closes :] = True
    rest, _ = play(filler, signal[2560:], present[2560:], [512], 1024)
    return np.concatenate((audio, first, rest)), filler


@pytest.mark.parametrize("closes", [0, 100])
def test_a_packet_that_ends_a_hole_before_its_plan_is_blended_in(closes: int) -> None:
    signal = music(6144)
    audio, _ = late_arrival(signal, closes)
    end = 2560 + closes
    assert np.array_equal(audio[end + FADE :], signal[end + FADE :])
    assert np.array_equal(audio[:2048], signal[:2048])
    assert not np.array_equal(audio[end : end + FADE], signal[end : end + FADE])
    assert np.abs(np.diff(audio[:, 0])).max() < 1.5 * np.abs(np.diff(signal[:, 0])).max()


def test_time_inserted_into_a_planned_hole_opens_it_again() -> None:
    signal = music(6144)
    filler = HoleFiller(RATE, 1, Predictor("burg", 128, 1024))
    present = mask(6144, [(2048, 1024)])
    holed = poisoned(signal, present)
    play(filler, holed[:2048], present[:2048], [512])
    first, _ = filler.fill(holed[2048:4096], present[2048:4096], 512)
    filler.interrupt()
    gone = np.zeros(2000, dtype=np.bool_)
    inserted, holes = play(filler, np.full((2000, 1), np.nan, dtype=np.float32), gone, [512])
    assert np.isfinite(inserted).all()
    assert {hole.origin for hole in holes} == {Origin.PREDICTED}
    joint = np.concatenate((first[-5:], inserted[:5]))
    assert np.abs(np.diff(joint[:, 0])).max() < 2 * np.abs(np.diff(signal[:, 0])).max()


# Splices


@pytest.mark.parametrize("state", ["flowing", "in a hole", "in a planned hole", "returning", "at the start"])
def test_a_splice_goes_on_from_what_was_played(state: str) -> None:
    signal = music(8192)
    filler = HoleFiller(RATE, 1, Predictor("burg", 128, 1024))
    present = mask(8192, [(2048, 1024)])
    holed = poisoned(signal, present)
    stop = {
        "flowing": 2048,
        "in a hole": 2560,
        "in a planned hole": 2560,
        "returning": 3072 + 10,
        "at the start": 0,
    }[state]
    played = np.zeros((1, 1), dtype=np.float32)
    if stop:
        played, _ = play(filler, holed[:2048], present[:2048], [512])
        if stop > 2048:
            ahead = 2048 if state == "in a planned hole" else 0
            part = slice(2048, 2560 + ahead)
            played, holes = filler.fill(holed[part], present[part], 512)
            assert holes[0].origin == (Origin.INTERPOLATED if ahead else Origin.PREDICTED)
        if stop > 2560:
            played, _ = play(filler, holed[2560:stop], present[2560:stop], [522])
    filler.splice(512)
    jump = music(2048, seed=9)
    audio, holes = play(filler, jump, mask(2048, []), [100])
    assert not holes
    assert np.array_equal(audio[512:], jump[512:])
    own = max(np.abs(np.diff(signal[:, 0])).max(), np.abs(np.diff(jump[:, 0])).max())
    joint = np.concatenate((played[-5:], audio))
    assert np.abs(np.diff(joint[:, 0])).max() < 2 * own


def test_another_predictor_keeps_what_was_played() -> None:
    signal = music(4096)
    present = mask(4096, [(2048, 512)])
    filler = HoleFiller(RATE, 1, Predictor("burg", 8, 1024))
    play(filler, signal[:2048], present[:2048], [512])
    filler.opener.change_predictor(SMALL)
    changed, _ = play(filler, poisoned(signal, present)[2048:], present[2048:], [512])
    always, _ = play(HoleFiller(RATE, 1, SMALL), poisoned(signal, present), present, [512])
    assert np.array_equal(changed, always[2048:])


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize("state", ["hole", "planned hole", "returning", "splice"])
def test_what_is_under_way_goes_on_with_the_old_predictor(state: str, patient: bool) -> None:
    """Longer or shorter contexts, any number of members, in the midst of anything."""
    signal = music(6144)
    present = mask(6144, [(2048, 512 if state == "returning" else 1024)])
    if state == "splice":
        present[:] = True
    holed = poisoned(signal, present)
    stop = 2560 + (10 if state == "returning" else 0)
    ahead = 2048 if state == "planned hole" else 0

    def until_then() -> tuple[HoleFiller, Samples]:
        filler = HoleFiller(RATE, 1, SEVERAL, patient=patient)
        played, _ = play(filler, holed[:2048], present[:2048], [512])
        part, _ = filler.fill(holed[2048 : stop + ahead], present[2048 : stop + ahead], stop - 2048)
        if state == "splice":
            filler.splice(512)
        return filler, np.concatenate((played, part))

    for other in ("tapered:4/16", "burg:64/4096+tapered:8/2048", "lpc:8/600+lpc:4/600"):
        filler, _ = until_then()
        filler.opener.change_predictor(Ensemble.parse(other))
        assert filler.opener.predictor == Ensemble.parse(other)
        changed, _ = play(filler, holed[stop:5000], present[stop:5000], [100], ahead)
        filler, _ = until_then()
        always, _ = play(filler, holed[stop:5000], present[stop:5000], [100], ahead)
        assert np.array_equal(changed, always)


@pytest.mark.parametrize(
    ("received", "tried"), [(1, False), (500, False), (600, False), (601, True), (2000, True)]
)
@pytest.mark.parametrize("how", ["hole", "splice"])
def test_predictors_are_tried_on_nothing_but_what_was_received(received: int, tried: bool, how: str) -> None:
    """Not on what fills a hole, nor on the 100 samples of a crossfade: 500 samples have to be clean."""
    signal = music(6000)
    filler = HoleFiller(RATE, 1, SEVERAL, 100)
    present = mask(6000, [(2000, 400 if how == "hole" else 0), (2400 + received, 400)])
    holed = poisoned(signal, present)
    play(filler, holed[:2400], present[:2400], [100])
    if how == "splice":
        filler.splice(100)
    play(filler, holed[2400:2401], present[2400:2401], [1])
    before = filler.opener.forecaster._weights[0]
    play(filler, holed[2401:], present[2401:], [100])
    assert np.array_equal(filler.opener.forecaster._weights[0], before) != tried


@pytest.mark.parametrize(("received", "tried"), [(300, False), (500, False), (501, True)])
def test_nor_on_what_was_closed_from_both_sides(received: int, tried: bool) -> None:
    signal = music(6000)
    filler = HoleFiller(RATE, 1, SEVERAL, 100)
    start = 2400 + received
    present = mask(start, [(1000, 10), (2000, 400)])
    holed = poisoned(signal[:start], present)
    audio, holes = play(filler, holed[:1800], present[:1800], [100])
    before = filler.opener.forecaster._weights[0]
    audio, holes = play(filler, holed[1800:], present[1800:], [100], 1000)
    assert {hole.origin for hole in holes} == {Origin.INTERPOLATED}
    assert np.array_equal(audio[present[1800:]], holed[1800:][present[1800:]])
    filler.fill(np.full((100, 1), np.nan, np.float32), np.zeros(100, dtype=np.bool_), 100)
    assert np.array_equal(filler.opener.forecaster._weights[0], before) != tried


def test_what_became_of_fits_is_counted_through_changes() -> None:
    filler = HoleFiller(RATE, 1, SEVERAL, patient=False)
    play(filler, music(2048), mask(2048, [(1000, 100)]), [512])
    while filler.prepare():
        pass
    filler.opener.change_predictor(SMALL)
    filler.opener.limit_crossfade(64)
    play(filler, music(2048), mask(2048, [(0, 100), (1000, 100)]), [512])
    assert (filler.opener.ahead.fits, filler.opener.ahead.ready, filler.opener.ahead.missing) == (3, 0, 3)


def test_a_stream_in_other_packets_tries_predictors_at_their_edges() -> None:
    """Fits are made ahead there, so live, where nothing else counts, the record would never speak again."""
    signal = music(8192)
    filler = HoleFiller(RATE, 1, SEVERAL, 512, patient=False)
    filler.opener.limit_crossfade(480)
    for start in range(0, 4800, 480):
        filler.fill(signal[start : start + 480], np.ones(480, dtype=np.bool_), 480)
        while filler.prepare():
            pass
    live, _ = filler.fill(np.full((480, 1), np.nan, np.float32), np.zeros(480, dtype=np.bool_), 480)
    other = HoleFiller(RATE, 1, SEVERAL, 480)
    play(other, signal[:4800], np.ones(4800, dtype=np.bool_), [480])
    patient, _ = other.fill(np.full((480, 1), np.nan, np.float32), np.zeros(480, dtype=np.bool_), 480)
    assert np.array_equal(live, patient)
    assert other.opener.ahead.fits == 0
    assert (filler.opener.ahead.ready, filler.opener.ahead.missing) == (1, 0)


@pytest.mark.parametrize("event", ["splice", "interrupt"])
def test_fits_for_what_is_not_coming_after_all_are_not_used(event: str) -> None:
    """Those here are still right."""
    signal, other = music(4096), music(1024, seed=9)
    filler = HoleFiller(RATE, 1, SEVERAL, patient=False)
    play(filler, signal[:2048], mask(2048, []), [512])
    assert [filler.prepare() for _ in range(4)] == [True, True, True, False]
    assert [filler.prepare(signal[2048:3072]) for _ in range(4)] == [True, True, True, False]
    getattr(filler, event)(*([64] if event == "splice" else []))
    assert not filler.prepare()
    play(filler, other, mask(1024, []), [512])
    assert [filler.prepare() for _ in range(4)] == [True, True, True, False]


def test_nothing_can_be_fitted_behind_what_is_coming_while_a_hole_is_open_or_fades_out() -> None:
    """What is crossfaded is not played as it came."""
    signal = music(4096)
    filler = HoleFiller(RATE, 1, SEVERAL, patient=False)
    play(filler, signal[:2048], mask(2048, []), [512])
    filler.fill(signal[2048:2560], np.zeros(512, dtype=np.bool_), 512)
    assert not filler.prepare()
    assert not filler.prepare(signal[2560:3072])
    play(filler, signal[2560:2570], mask(10, []), [10])
    assert not filler.prepare(signal[2570:3072])
    assert filler.prepare()
    play(filler, signal[2570:3072], mask(502, []), [502])
    assert filler.prepare(signal[3072:3584])


def test_the_fits_of_a_stream_in_packets_of_the_same_size_are_kept() -> None:
    filler = HoleFiller(RATE, 1, SEVERAL, 512, patient=False)
    play(filler, music(4096), mask(4096, []), [512])
    while filler.prepare():
        pass
    filler.opener.limit_crossfade(512)
    assert not filler.prepare()


def test_a_change__in_the_middle_of_a_hole_waits_for_the_next() -> None:
    signal = music(4096)
    present = mask(4096, [(2048, 1024)])
    holed = poisoned(signal, present)
    filler = HoleFiller(RATE, 1, SMALL)
    first, _ = play(filler, holed[:2560], present[:2560], [512])
    filler.opener.change_predictor(Predictor("lpc", 4, 2048))
    second, _ = play(filler, holed[2560:], present[2560:], [512])
    always, _ = play(HoleFiller(RATE, 1, SMALL), holed, present, [512])
    assert np.array_equal(np.concatenate((first, second)), always)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_noise_may_be_changed_between_holes(noise: float) -> None:
    signal = music(4096)
    present = mask(4096, [(2048, 512)])
    filler = HoleFiller(RATE, 1, SEVERAL, noise=1.0 - noise)
    play(filler, signal[:2048], present[:2048], [512])
    filler.opener.noise = noise
    changed, _ = play(filler, poisoned(signal, present)[2048:], present[2048:], [512])
    always, _ = play(HoleFiller(RATE, 1, SEVERAL, noise=noise), poisoned(signal, present), present, [512])
    other, _ = play(
        HoleFiller(RATE, 1, SEVERAL, noise=1.0 - noise), poisoned(signal, present), present, [512]
    )
    assert np.array_equal(changed, always[2048:])
    assert not np.array_equal(changed, other[2048:])


@pytest.mark.parametrize("ahead", [0, 1000])
def test_silence_stays_silence(ahead: int) -> None:
    signal = np.concatenate((music(1000), np.zeros((9000, 1), np.float32)))
    present = mask(10_000, [(3000 + 1000 * number, 700) for number in range(6)])
    audio, holes = play(
        HoleFiller(RATE, 1, SEVERAL, noise=2.0), poisoned(signal, present), present, [512], ahead
    )
    assert holes
    assert not audio[1000:].any()


# Networks
