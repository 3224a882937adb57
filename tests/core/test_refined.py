"""Holes with a network: what it is shown, what of its answer is played, and what is made of a bad one."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from core_streams import RATE, SMALL, music
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.ensemble import BEST
from plcd.core.extrapolation import CEILING
from plcd.core.frame import Hole, Origin, Samples
from plcd.core.hole_filler import HoleFiller
from plcd.core.predictor import Predictor
from plcd.core.refiner import Block, Signal

BLOCK, MADE, HORIZON, CONTEXT, FADE = 512, 768, 1024, 700, 64
START = 2048
"""Where the hole of these tests begins."""
Answer = Callable[[Block], Signal | None]


class Network:
    """A refiner that answers what it is told to, and keeps what it was asked."""

    name = "test"
    context, block, horizon, made, fade = CONTEXT, BLOCK, HORIZON, MADE, FADE

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.blocks: list[Block] = []

    def refuses(self, rate: int) -> None:
        return None

    def look(self, past: Signal) -> bool:
        return False

    def refine(self, block: Block) -> Signal | None:
        self.blocks.append(block)
        return self.answer(block)


def same(block: Block) -> Signal:
    """The prediction itself, as far as wanted."""
    whole: Signal = (block.prediction + block.innovation)[:MADE]
    return whole


def nothing(block: Block) -> None:
    return None


def conceal(
    network: Network | None,
    lost: int = 1024,
    sizes: Iterable[int] = (512,),
    channels: int = 1,
    total: int = 6144,
    noise: float = 1.0,
) -> tuple[Samples, list[Hole], HoleFiller]:
    filler = HoleFiller(RATE, channels, SMALL, refiner=network, noise=noise, gated=False)
    samples = music(total, channels)
    present = np.ones(total, dtype=np.bool_)
    present[START : START + lost] = False
    samples[~present] = np.nan
    parts: list[Samples] = []
    holes: list[Hole] = []
    start, sizes = 0, list(sizes)
    while start < total:
        frames = min(sizes[len(parts) % len(sizes)], total - start)
        audio, found = filler.fill(samples[start : start + frames], present[start : start + frames], frames)
        holes += [Hole(start + hole.start, hole.length, hole.origin) for hole in found]
        parts.append(audio)
        start += frames
    return np.concatenate(parts), holes, filler


@pytest.mark.parametrize("channels", [1, 2])
def test_a_network_that_says_nothing_changes_nothing(channels: int) -> None:
    network = Network(nothing)
    audio, holes, filler = conceal(network, channels=channels)
    plain, expected, _ = conceal(None, channels=channels)
    assert audio == pytest.approx(plain, abs=1e-6)
    assert holes == expected
    assert (filler.opener.refinements.shown, filler.opener.refinements.missed) == (2 * channels, 2 * channels)


def test_one_that_repeats_the_prediction_is_heard_as_such() -> None:
    audio, holes, filler = conceal(Network(same))
    assert audio == pytest.approx(conceal(None)[0], abs=1e-6)
    assert [hole.origin for hole in holes] == [Origin.REFINED] * 2
    assert (filler.opener.refinements.shown, filler.opener.refinements.missed) == (2, 0)


def test_what_it_is_shown() -> None:
    network = Network(lambda block: 0.5 * same(block))
    audio, _, _ = conceal(network)
    quiet, _, _ = conceal(None, noise=0.0)
    loud, _, _ = conceal(None)
    first, second = network.blocks
    assert (first.start, second.start, first.rate) == (0, BLOCK, RATE)
    assert np.array_equal(first.past, audio[START - CONTEXT : START, 0])
    assert first.received.all()
    assert second.past[:188] == pytest.approx(audio[START + BLOCK - CONTEXT : START, 0])
    assert second.past[188:] == pytest.approx(audio[START : START + BLOCK, 0])
    assert np.array_equal(np.flatnonzero(~second.received), np.arange(CONTEXT - BLOCK, CONTEXT))
    for block in network.blocks:
        assert block.prediction.dtype == block.innovation.dtype == block.past.dtype == np.float32
        assert block.prediction.size == block.innovation.size == HORIZON
        place = slice(START + block.start, START + block.start + BLOCK)
        assert block.prediction[:BLOCK] == pytest.approx(quiet[place, 0], abs=1e-6)
        assert (block.prediction + block.innovation)[:BLOCK] == pytest.approx(loud[place, 0], abs=1e-6)


def test_crossfades_and_holes_before_count_as_not_received() -> None:
    network = Network(same)
    filler = HoleFiller(RATE, 1, SMALL, refiner=network, gated=False)
    samples = music(4096)
    present = np.ones(4096, dtype=np.bool_)
    present[2048:2148] = present[2600:2700] = False
    filler.fill(samples, present, 4096)
    received = network.blocks[1].received
    assert np.array_equal(received, np.r_[np.ones(148), np.zeros(100 + 128), np.ones(324)].astype(bool))


def test_it_fades_in_over_the_prediction_and_leads_from_block_to_block() -> None:
    """Constants tell where each result is heard and how much."""
    answers = iter([0.01, 0.03])
    network = Network(lambda block: np.full(MADE, next(answers), dtype=np.float32))
    audio, _, _ = conceal(network, noise=0.0)
    plain, _, _ = conceal(None, noise=0.0)
    hole = audio[START : START + 1024, 0]
    fade = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, FADE + 1) / (FADE + 1))
    assert hole[:FADE] == pytest.approx((1 - fade) * plain[START : START + FADE, 0] + fade * 0.01, abs=1e-6)
    assert hole[FADE:BLOCK] == pytest.approx(0.01, abs=1e-7)
    over = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, MADE - BLOCK + 1) / (MADE - BLOCK + 1))
    assert hole[BLOCK:MADE] == pytest.approx(0.01 + 0.02 * over, abs=1e-6)
    assert hole[MADE:] == pytest.approx(0.03, abs=1e-7)


def test_the_prediction_takes_over_from_a_result_smoothly() -> None:
    network = Network(lambda block: np.full(MADE, 0.01, np.float32) if block.start == 0 else None)
    audio, holes, _ = conceal(network)
    assert [hole.origin for hole in holes] == [Origin.REFINED, Origin.PREDICTED]
    over = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, MADE - BLOCK + 1) / (MADE - BLOCK + 1))
    plain = conceal(None)[0][START + BLOCK : START + MADE, 0]
    assert audio[START + BLOCK : START + MADE, 0] == pytest.approx((1 - over) * 0.01 + over * plain, abs=1e-6)


def test_what_returns_is_crossfaded_with_the_result_and_no_block_is_made_for_it() -> None:
    network = Network(lambda block: np.full(MADE, 0.01, dtype=np.float32))
    audio, _, filler = conceal(network, lost=BLOCK, noise=0.0)
    assert filler.opener.refinements.shown == 1
    plain, _, _ = conceal(None, lost=BLOCK, noise=0.0)
    end = START + BLOCK
    signal = music(6144)[:, 0]
    into = np.arange(1, 129) / 129
    over = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, 129) / (MADE - BLOCK + 1))
    # The prediction's own continuation, from its crossfade with the same signal.
    ahead = (plain[end : end + 128, 0] - into * signal[end : end + 128]) / (1 - into)
    led = (1 - over) * 0.01 + over * ahead
    assert audio[end : end + 128, 0] == pytest.approx(
        (1 - into) * led + into * signal[end : end + 128], abs=1e-5
    )
    assert np.array_equal(audio[end + 128 :, 0], signal[end + 128 :])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=6),
    st.sampled_from([1, 300, 512, 1500, 4000]),
)
def test_how_the_stream_is_cut_does_not_matter(sizes: list[int], lost: int) -> None:
    def answer(block: Block) -> Signal | None:
        return None if block.start == 1024 else 0.7 * same(block)

    whole, _, one = conceal(Network(answer), lost)
    cut, _, other = conceal(Network(answer), lost, sizes)
    assert np.array_equal(whole, cut)
    assert one.opener.refinements == other.opener.refinements


@pytest.mark.parametrize(
    "wrong",
    [
        lambda block: np.where(np.arange(MADE) == 3, np.nan, same(block)),
        lambda block: np.where(np.arange(MADE) == 3, np.inf, same(block)),
        lambda block: same(block)[:-1],
        lambda block: same(block)[:, None],
        lambda block: same(block)[:0],
    ],
    ids=["nan", "infinity", "short", "two-dimensional", "empty"],
)
def test_what_cannot_be_played_counts_as_nothing(wrong: Answer) -> None:
    audio, holes, filler = conceal(Network(wrong))
    assert np.array_equal(audio, conceal(Network(nothing))[0])
    assert [hole.origin for hole in holes] == [Origin.PREDICTED] * 2
    assert (filler.opener.refinements.shown, filler.opener.refinements.missed) == (2, 2)


def test_it_stays_under_the_ceiling_and_cannot_touch_the_prediction() -> None:
    audio, holes, _ = conceal(Network(lambda block: np.full(MADE, 1e30, dtype=np.float32)))
    assert {hole.origin for hole in holes} == {Origin.REFINED}
    assert np.abs(audio[START : START + 1024]).max() <= CEILING * np.abs(music(START)).max() * (1 + 1e-6)

    def spoil(block: Block) -> None:
        for samples in (block.past, block.prediction, block.innovation):
            samples[:] = np.nan

    assert np.array_equal(conceal(Network(spoil))[0], conceal(Network(nothing))[0])


def test_it_is_not_asked_for_silence_nor_for_what_is_closed_from_both_sides() -> None:
    network = Network(same)
    conceal(network, lost=36 * 512, total=42 * 512)
    assert len(network.blocks) == -(-round(0.4 * RATE) // 512)
    filler = HoleFiller(RATE, 1, Predictor("burg", 128, 1024), refiner=network, gated=False)
    network.blocks.clear()
    present = np.ones(4096, dtype=np.bool_)
    present[2048:2560] = False
    for start in range(0, 4096, 512):
        filler.fill(music(4096)[start : start + 1024], present[start : start + 1024], 512)
    assert not network.blocks


def test_the_past_begins_with_silence_that_was_not_received() -> None:
    network = Network(same)
    filler = HoleFiller(RATE, 1, SMALL, refiner=network, gated=False)
    present = np.arange(200) < 100
    filler.fill(music(200), present, 200)
    block = network.blocks[0]
    assert not block.past[:-100].any()
    assert np.array_equal(block.past[-100:], music(100)[:, 0])
    assert np.array_equal(block.received, np.arange(CONTEXT) >= CONTEXT - 100)


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("longest", [BLOCK, 3 * BLOCK - 1, 3 * BLOCK])
def test_far_into_a_hole_a_network_is_not_asked(longest: int, ahead: bool) -> None:
    """What it made is blended into the prediction, which then plays alone."""

    def played(network: Network | None) -> Samples:
        filler = HoleFiller(RATE, 1, SMALL, refiner=network, noise=0.0, gated=False)
        present = np.ones(64, dtype=np.bool_)
        parts = [filler.fill(music(2048), np.ones(2048, np.bool_), 2048)[0]]
        for _ in range(6 * BLOCK // 64):
            while ahead and (step := filler.next_step(lost=True, run_ahead=True)) is not None:
                filler.do(step)
            parts.append(filler.fill(np.full((64, 1), np.nan, np.float32), ~present, 64)[0])
        return np.concatenate(parts)[2048:, 0]

    network = Closing(lambda block: np.full(MADE, 0.01, dtype=np.float32))
    network.longest = longest
    audio, plain = played(network), played(None)
    asked = -(-longest // BLOCK) * BLOCK
    assert [block.start for block in network.blocks if block.start >= asked] == []
    assert audio[FADE:asked] == pytest.approx(0.01, abs=1e-7)
    assert audio[asked + MADE - BLOCK :] == pytest.approx(plain[asked + MADE - BLOCK :], abs=1e-6)


class Closing(Network):
    """One that may be shown closed holes too."""

    predictor = BEST
    takes_s = 0.0
    longest = 1 << 16

    def __init__(self, answer: Answer, closes: bool = True) -> None:
        super().__init__(answer)
        self.closes = closes


def closed(network: Network | None, lost: int = 512, noise: float = 1.0) -> Samples:
    """A hole at 2048 with what follows known; the predictor of order 128 closes it."""
    filler = HoleFiller(RATE, 1, Predictor("burg", 128, 1024), refiner=network, noise=noise)
    samples, present = music(6144), np.ones(6144, dtype=np.bool_)
    present[START : START + lost] = False
    samples[~present] = np.nan
    parts = []
    for start in range(0, 5120, 512):
        audio, holes = filler.fill(samples[start : start + 1536], present[start : start + 1536], 512)
        parts.append(audio)
        assert {hole.origin for hole in holes} <= {Origin.INTERPOLATED}
    return np.concatenate(parts)


@pytest.mark.parametrize("lost", [512, 300, 1000])
def test_a_closed_hole_is_shown_with_what_follows_it(lost: int) -> None:
    network = Closing(same)
    audio = closed(network, lost)
    plain = closed(None, lost)
    assert audio == pytest.approx(plain, abs=1e-6)
    assert [block.start for block in network.blocks] == list(range(0, lost, BLOCK))
    first = network.blocks[0]
    assert np.array_equal(first.past, plain[START - CONTEXT : START, 0])
    assert first.received.all()
    ahead = min(HORIZON - lost, 512)
    assert np.array_equal(
        first.prediction[lost : lost + ahead], music(6144)[START + lost : START + lost + ahead, 0]
    )
    assert not first.innovation[lost:].any()
    filling = (first.prediction + first.innovation)[:lost]
    assert filling == pytest.approx(plain[START : START + lost, 0], abs=1e-6)
    assert first.prediction[:lost] == pytest.approx(
        closed(None, lost, 0.0)[START : START + lost, 0], abs=1e-6
    )


def test_what_is_made_of_a_closed_hole_leads_back_to_what_was_received() -> None:
    audio = closed(Closing(lambda block: np.full(MADE, 0.01, dtype=np.float32)))[START : START + 512, 0]
    plain = closed(None)[START : START + 512, 0]
    assert audio[FADE:480] == pytest.approx(0.01, abs=1e-7)
    led = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, 33) / 33)
    assert audio[480:] == pytest.approx(led * 0.01 + (1 - led) * plain[480:], abs=1e-6)


def test_other_networks_are_not_shown_it() -> None:
    network = Closing(same, closes=False)
    assert np.array_equal(closed(network), closed(None))
    assert not network.blocks


def test_a_network_without_an_answer_leaves_a_closed_hole_as_it_is() -> None:
    network = Closing(nothing)
    assert closed(network) == pytest.approx(closed(None), abs=1e-6)
    assert len(network.blocks) == 1
