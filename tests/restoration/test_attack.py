"""Notes that begin behind a gap."""

import numpy as np
import pytest
from damaged import RATE, Sound, music

from plcd.restoration.attack import before_attack
from plcd.restoration.filling import fill


def struck(place: int) -> Sound:
    """Quiet music, with a loud note from ``place`` on."""
    sound = 0.05 * music(6000)[:, 0]
    time = np.arange(6000 - place)
    sound[place:] += 0.5 * np.exp(-time / 400) * np.sin(0.7 * time + 1)
    return sound


@pytest.mark.parametrize("behind", [100, 400, 1500])
def test_a_note_behind_the_gap_is_found_where_it_begins(behind: int) -> None:
    sound = struck(3500 + behind)
    place = before_attack(sound[:3000], sound[3500:])
    assert behind - 64 <= max(place, behind - 64) <= behind
    assert place <= behind


def test_music_that_goes_on_has_none() -> None:
    sound = music(6000)[:, 0]
    assert before_attack(sound[:3000], sound[3500:]) == 2500
    assert before_attack(sound[:100], sound[3500:]) == 2500  # too little to tell
    assert before_attack(sound[:0], sound[:0]) == 0
    assert before_attack(np.zeros(3000), np.zeros(3000)) == 3000


def test_a_note_that_began_in_the_gap_says_nothing_of_what_was_before() -> None:
    sound = struck(3490)
    assert before_attack(sound[:3000], sound[3500:]) == 0


@pytest.mark.parametrize("inside", [1, 100, 400])
def test_a_note_that_began_inside_the_gap_is_led_into_without_a_step(inside: int) -> None:
    sound = struck(3500 - inside)
    truth, sizes = sound[3000:3500], ((64, 512), (128, 1024))
    filled = fill(sound[:3000].copy(), sound[3500:].copy(), 500, RATE, sizes, 1.0)
    blind = fill(sound[:3000].copy(), sound[3500:3500].copy(), 500, RATE, sizes, 1.0)
    led = 46  # 2.9 ms
    np.testing.assert_array_equal(filled[:-led], blind[:-led])
    usual = np.abs(np.diff(sound[3500:3600])).max()
    assert abs(filled[-1] - sound[3500]) < 1.2 * usual
    assert abs(blind[-1] - sound[3500]) > 1.2 * usual or inside == 1
    if inside > led:
        assert np.sum((filled - truth)[-led:] ** 2) < 0.5 * np.sum((blind - truth)[-led:] ** 2)


@pytest.mark.parametrize("behind", [0, 60, 300])
def test_it_casts_no_echo_before_it(behind: int) -> None:
    sound = struck(3500 + behind)
    filled = fill(sound[:3000].copy(), sound[3500:].copy(), 500, RATE, ((64, 512), (128, 1024)), 1.0)
    known = 500 if behind else 500 - 46  # whether it began at the very edge or just before, nobody can tell
    truth = sound[3000 : 3000 + known]
    assert np.sum(filled[:known] ** 2) < 1.5 * np.sum(truth**2)
