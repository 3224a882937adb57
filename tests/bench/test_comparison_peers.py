"""The systems plcd is compared with: exact where prediction must be exact, causal, bounded, and alike but for their recipe."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import numpy as np
import pytest
from comparison.peers import CEILING, Recipe
from comparison.systems import REGISTRY, System
from numpy.typing import NDArray
from quality_bench import RATE, music

from plcd.core.linear_prediction import autocorrelation_fit, burg

PACKET = 512
PEERS = [system for system in REGISTRY.values() if not system.looks_ahead]
PREDICTORS = [system for system in PEERS if system.name not in ("zero", "repeat")]


def _conceal(
    system: System, samples: NDArray[np.float32], lost: list[int], packet: int = PACKET
) -> NDArray[np.float32]:
    flags = np.zeros(samples.shape[0] // packet, np.bool_)
    flags[lost] = True
    return system.conceal(samples, flags, packet, RATE, 0).samples


def _sine(packets: int) -> NDArray[np.float32]:
    time = np.arange(packets * PACKET) / RATE
    return (0.5 * np.sin(2 * np.pi * 441 * time)).astype(np.float32)[:, None]


def test_the_baseline_continues_a_sine() -> None:
    sine = _sine(20)
    played = _conceal(REGISTRY["burg"], sine, [12, 13])
    assert np.abs(played - sine).max() < 1e-3


def test_silence_and_repetition() -> None:
    sound = music(0.2)[: 16 * PACKET]
    silent = _conceal(REGISTRY["zero"], sound, [4, 5])
    repeated = _conceal(REGISTRY["repeat"], sound, [0, 4, 5])
    assert not silent[4 * PACKET : 6 * PACKET].any()
    assert not repeated[:PACKET].any()
    for packet in (4, 5):
        here = slice(packet * PACKET, (packet + 1) * PACKET)
        assert np.array_equal(repeated[here], sound[3 * PACKET : 4 * PACKET])
    assert np.array_equal(repeated[6 * PACKET :], sound[6 * PACKET :])


@pytest.mark.parametrize(
    ("name", "packet", "length"),
    [
        ("burg", 512, 32),
        ("ar1024", 512, 32),
        ("ar256", 512, 256),
        ("ar256", 128, 128),
        ("burg511", 512, 512),
        ("burg511", 256, 256),
        ("burg", 16, 16),
    ],
)
def test_received_samples_return_after_the_crossfade(name: str, packet: int, length: int) -> None:
    """Something else returns than was expected, so that every faded sample differs."""
    sound = music(0.3, 1)[: 12_288 // packet * packet]
    lost = sound.shape[0] // packet // 2
    end = (lost + 1) * packet
    sound[end:] = music(0.3, 2)[: sound.shape[0] - end] + np.float32(0.05)
    played = _conceal(REGISTRY[name], sound, [lost], packet)
    changed = np.flatnonzero(played[end:, 0] != sound[end:, 0])
    assert changed.max() < length
    assert changed.size > 0.9 * length


def test_the_crossfade_is_linear() -> None:
    """After silence the continuation is silent, so what is left of ones is the weight itself."""
    sound = np.zeros((12 * PACKET, 1), np.float32)
    sound[9 * PACKET :] = 1
    played = _conceal(REGISTRY["burg"], sound, [8])
    assert played[9 * PACKET : 9 * PACKET + 32, 0] == pytest.approx(np.arange(1, 33) / 33)
    assert np.array_equal(played[9 * PACKET + 32 :], sound[9 * PACKET + 32 :])


@pytest.mark.parametrize("system", PREDICTORS, ids=lambda system: system.name)
def test_nothing_exceeds_the_peak_before_it(system: System) -> None:
    """A swell makes predictors swell on; a fit of noise may explode."""
    swell = _sine(60) * np.linspace(0.01, 1, 60 * PACKET, dtype=np.float32)[:, None] ** 4
    for sound in (swell, music(0.7, 3)[: 60 * PACKET]):
        played = _conceal(system, sound, list(range(30, 46)))
        context = PACKET if system.name == "burg511" else 4096
        peak = np.abs(sound[30 * PACKET - context : 30 * PACKET]).max()
        assert np.abs(played[30 * PACKET : 46 * PACKET]).max() <= CEILING * peak * (1 + 1e-6)


def test_a_predictor_that_explodes_stays_finite_and_clipped() -> None:
    def unstable(context: NDArray[np.float64], order: int) -> NDArray[np.float64]:
        return np.array([1.0, -50.0])

    from comparison.peers import extrapolate_with

    sound = music(0.3, 4)[: 20 * PACKET]
    flags = np.zeros(20, np.bool_)
    flags[10:15] = True
    made = extrapolate_with(Recipe(unstable, 1, 4096, 32), sound, flags, PACKET, RATE, 0)
    peak = np.abs(sound[10 * PACKET - 4096 : 10 * PACKET]).max()
    assert np.isfinite(made.samples).all()
    assert np.abs(made.samples[10 * PACKET : 15 * PACKET]).max() <= CEILING * peak * (1 + 1e-6)


@pytest.mark.parametrize("system", PEERS, ids=lambda system: system.name)
def test_what_was_lost_and_what_comes_later_is_not_used(system: System) -> None:
    sound = music(0.4, 5)[: 30 * PACKET]
    lost = [12, 20, 21, 22]
    poisoned = sound.copy()
    for packet in lost:
        poisoned[packet * PACKET : (packet + 1) * PACKET] = 0.9
    played = _conceal(system, sound, lost)
    assert np.array_equal(played, _conceal(system, poisoned, lost))
    changed = sound.copy()
    changed[23 * PACKET :] = 0.3
    later = _conceal(system, changed, lost)
    assert np.array_equal(played[: 23 * PACKET], later[: 23 * PACKET])


@pytest.mark.parametrize("system", PEERS, ids=lambda system: system.name)
def test_channels_are_concealed_each_by_itself(system: System) -> None:
    sound = music(0.3, 6, channels=2)[: 20 * PACKET]
    both = _conceal(system, sound, [0, 9, 14, 15])
    for channel in range(2):
        alone = _conceal(system, sound[:, channel : channel + 1], [0, 9, 14, 15])
        assert np.array_equal(both[:, channel : channel + 1], alone)


def test_coefficients_are_frozen_inside_a_burst() -> None:
    fits = []

    def counting(context: NDArray[np.float64], order: int) -> NDArray[np.float64]:
        fits.append(context.size)
        return burg(context, order)

    from comparison.peers import extrapolate_with

    sound = music(0.3, 7)[: 20 * PACKET]
    flags = np.zeros(20, np.bool_)
    flags[[9, 10, 11, 14]] = True
    extrapolate_with(Recipe(counting, 64, 4096, 32), sound, flags, PACKET, RATE, 0)
    assert fits == [4096, 4096]


def test_recipes_are_the_published_ones() -> None:
    recipes = {system.name: system.conceal.args[0] for system in PREDICTORS}  # type: ignore[attr-defined]
    assert recipes == {
        "burg": Recipe(burg, 1024, 4096, 32),
        "burg511": Recipe(burg, 511, None, None),
        "ar256": Recipe(autocorrelation_fit, 256, 4096, 256),
        "ar1024": Recipe(autocorrelation_fit, 1024, 4096, 32),
    }


def test_every_packet_has_its_time() -> None:
    sound = music(0.3, 8)[: 20 * PACKET]
    flags = np.zeros(20, np.bool_)
    flags[[3, 4, 9]] = True
    for system in PEERS:
        made = system.conceal(sound, flags, PACKET, RATE, 0)
        assert (len(made.lost_ns), len(made.received_ns)) == (3, 17)
