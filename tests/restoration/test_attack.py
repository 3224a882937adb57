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


@pytest.mark.parametrize("behind", [0, 60, 300])
def test_it_casts_no_echo_before_it(behind: int) -> None:
    sound = struck(3500 + behind)
    filled = fill(sound[:3000].copy(), sound[3500:].copy(), 500, RATE, ((64, 512), (128, 1024)), 1.0)
    truth = sound[3000:3500]
    assert np.sum(filled**2) < 1.5 * np.sum(truth**2)
