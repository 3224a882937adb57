"""Examples are what a network is shown in use, with the truth of the same samples beside them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from phrases import RATE, phrase, write_phrases

from plcd.core.concealer import Concealer
from plcd.core.loss import parse_loss
from plcd.training.data.clips import Clips
from plcd.training.data.collection import find_recordings
from plcd.training.data.cutting import BlockMaker
from plcd.training.recipe import Data

FAST = Data(predictor="burg:32/256", past=1024, loss=("gilbert:0.1,0.5",), clip_s=1.0)


def maker(folder: Path, data: Data = FAST, seed: int = 0, easy_share: float = 1.0) -> BlockMaker:
    recordings = tuple(find_recordings([(folder, 1.0)], 0.5, print))
    return BlockMaker(Clips(recordings, RATE, data.clip_s), seed, data, 1024, easy_share)


def test_each_number_gives_its_own_examples_and_always_the_same(tmp_path: Path) -> None:
    make = maker(write_phrases(tmp_path, 2, 2.0))
    one, again, other = make(3, print), make(3, print), make(4, print)
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not np.array_equal(one["truth"][0], other["truth"][0])
    count = one["start"].size
    assert count > 3
    assert {name: (values.shape, values.dtype.name) for name, values in one.items()} == {
        "past": ((count, 1024), "float32"),
        "received": ((count, 1024), "bool"),
        "prediction": ((count, 1024), "float32"),
        "innovation": ((count, 1024), "float32"),
        "truth": ((count, 1024), "float32"),
        "start": ((count,), "int64"),
        "after": ((count, 0), "float32"),
    }


def test_another_seed_gives_other_examples(tmp_path: Path) -> None:
    folder = write_phrases(tmp_path, 2, 2.0)
    assert not np.array_equal(
        maker(folder, seed=1)(0, print)["truth"][0], maker(folder, seed=2)(0, print)["truth"][0]
    )


def test_blocks_lie_where_their_packets_were_lost(tmp_path: Path) -> None:
    clip = phrase(0, 1.0)
    flags = np.zeros(-(-clip.size // 512), np.bool_)
    flags[[10, 20, 21, 22, 40]] = True
    blocks = maker(write_phrases(tmp_path, 1, 2.0)).conceal(clip, flags)
    assert [(place // 512, block.start) for block, place in blocks] == [
        (10, 0),
        (20, 0),
        (21, 512),
        (22, 1024),
        (40, 0),
    ]


def test_the_past_is_what_was_played_and_says_what_of_it_was_received(tmp_path: Path) -> None:
    clip = phrase(0, 1.0)
    flags = np.zeros(-(-clip.size // 512), np.bool_)
    flags[[30, 31]] = True
    (_, _), (block, place) = maker(write_phrases(tmp_path, 1, 2.0)).conceal(clip, flags)
    concealer = Concealer(RATE, 1, 512, FAST.predictor)
    played = np.concatenate(
        [
            concealer.push(None if lost else clip[i * 512 : (i + 1) * 512])[:, 0]
            for i, lost in enumerate(flags[:31].tolist())
        ]
    )
    assert np.allclose(block.past, played[-1024:], atol=1e-6)
    assert np.array_equal(block.received, np.arange(1024) < 512)
    assert np.array_equal(block.past[:512], clip[place - 1024 : place - 512])


def steady_tone() -> NDArray[np.float32]:
    time = np.arange(2 * RATE) / RATE
    noise = 1e-3 * np.random.default_rng(0).standard_normal(time.size)
    return (0.5 * np.sin(2 * np.pi * 440 * time) + noise).astype(np.float32)


def test_the_truth_is_what_the_predictor_tried_to_say(tmp_path: Path) -> None:
    tone = steady_tone()
    make = maker(write_phrases(tmp_path, 1, 2.0))
    flags = parse_loss("periodic:9").sample(-(-tone.size // 512), np.random.default_rng(0))
    for block, place in make.conceal(tone, flags)[3:]:
        truth = tone[place : place + 512]
        assert np.sum((truth - block.prediction[:512]) ** 2) < 0.2 * np.sum(truth**2)


def test_easy_blocks_are_mostly_left_out(tmp_path: Path) -> None:
    folder = write_phrases(tmp_path, 2, 3.0)
    all_easy = Data(predictor=FAST.predictor, past=1024, loss=FAST.loss, clip_s=1.0, easy_db=-40.0)
    counts = [
        sum(maker(folder, all_easy, easy_share=share)(number, print)["start"].size for number in range(12))
        for share in (1.0, 0.25, 0.0)
    ]
    assert counts[1] == pytest.approx(0.25 * counts[0], rel=0.5)
    assert counts[2] == 0


@pytest.mark.parametrize("spec", ["bursts:2,20", "periodic:7"])
def test_regular_patterns_begin_anywhere(tmp_path: Path, spec: str) -> None:
    data = Data(predictor=FAST.predictor, past=1024, loss=(spec,), clip_s=1.0)
    make = maker(write_phrases(tmp_path, 1, 2.0), data)
    firsts = {float(np.mean(make(number, print)["received"])) for number in range(6)}
    assert len(firsts) > 1


def test_holes_that_are_closed_show_what_was_received_behind_them(tmp_path: Path) -> None:
    clip = steady_tone()
    flags = np.zeros(-(-clip.size // 512), np.bool_)
    flags[[10, 20, 21, 40]] = True
    blocks = maker(write_phrases(tmp_path, 1, 2.0)).conceal(clip, flags, lookahead=1)
    assert [(place // 512, block.start) for block, place in blocks] == [(10, 0), (20, 0), (21, 0), (40, 0)]
    for block, place in blocks:
        follows = np.array_equal(block.prediction[512:], clip[place + 512 : place + 1024])
        assert follows == (place // 512 != 20)  # nothing is known behind the first of two
        assert not (follows and block.innovation[512:].any())


def test_a_network_conceals_the_past_of_later_examples(tmp_path: Path) -> None:
    clip = phrase(0, 2.0)
    flags = np.zeros(-(-clip.size // 512), np.bool_)
    flags[20:27] = True
    folder = write_phrases(tmp_path, 1, 2.0)
    data = Data(predictor=FAST.predictor, past=2048, loss=FAST.loss, clip_s=2.0)
    speaking = maker(folder, replace(data, model="hybrid")).conceal(clip, flags)
    alone = maker(folder, data).conceal(clip, flags)
    assert [place for _, place in speaking] == [place for _, place in alone]
    assert np.array_equal(speaking[0][0].past, alone[0][0].past)
    for (with_network, place), (without, _) in zip(speaking[1:], alone[1:], strict=True):
        heard = min(place - 20 * 512, 2048)
        assert not np.allclose(with_network.past[-heard:], without.past[-heard:], atol=1e-12)
        assert np.array_equal(with_network.past[:-heard], without.past[:-heard])
