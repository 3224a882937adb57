"""A daemon that fits predictors ahead of losses it sees in its buffer, over a socket and by the clock."""

import re

import pytest
from running import MONO, PATIENT, Stats, assert_adds_up, music, running, send

from plcd.core.impairment import Impairment
from plcd.core.loss import Gilbert
from plcd.io.control_errors import ControlError
from plcd.io.sender import Sender, SendOptions

SECONDS = 4.0
BURSTS = Gilbert(0.079, 0.69)
"""10 % of the packets."""


def lossy(*flags: str) -> tuple[Stats, str]:
    """What a daemon counted of some seconds with losses, and what it said."""
    with running("--output", "null", *PATIENT, *flags) as daemon:
        Sender(music(SECONDS), MONO, daemon.address, SendOptions(), Impairment(BURSTS)).run()
        stats = daemon.wait_for(lambda stats: stats["frames"]["played"] * 512 >= SECONDS * MONO.rate)
        said = daemon.finish()
    assert_adds_up(stats)
    assert stats["packets"]["lost"] > 10
    return stats, said


def test_losses_in_sight_are_fitted_ahead() -> None:
    """``best`` is named: what auto chooses depends on how busy this machine is."""
    stats, _ = lossy("--predictor", "best", "--cpu-budget", "100")
    ahead = stats["ahead"]
    assert stats["predictor"] == "best"
    assert not stats["predictor_auto"]
    assert ahead["ready"] > 0
    assert ahead["fits"] >= 3 * ahead["ready"]
    assert ahead["ms"] > 0
    holes = stats["timing_ms"]["conceal"]["count"]
    assert ahead["ready"] + ahead["missing"] <= holes


def test_auto_says_what_it_chose() -> None:
    stats, said = lossy()
    assert stats["predictor_auto"]
    assert stats["predictor"] != "auto"
    assert stats["predictor_fallback"].startswith("tapered:")
    assert len(re.findall(r"predictor .+ ms, when a packet is lost", said)) == 1
    assert stats["ahead"]["ready"] + stats["ahead"]["missing"] > 0


def test_without_a_budget_nothing_is_ready() -> None:
    stats, _ = lossy("--predictor", "best", "--cpu-budget", "0")
    assert stats["ahead"]["fits"] == stats["ahead"]["ready"] == stats["ahead"]["ms"] == 0
    assert stats["ahead"]["missing"] > 0
    assert stats["ahead"]["skipped"] > 0


def test_a_clean_network_costs_no_fits() -> None:
    with running("--output", "null", *PATIENT) as daemon:
        send(music(1.0), daemon.address)
        stats = daemon.wait_for(lambda stats: stats["frames"]["played"] * 512 >= MONO.rate)
        daemon.finish()
    # The end of the stream looks like a loss that may yet come.
    assert stats["ahead"]["fits"] <= 12


def test_predictor_and_noise_over_control() -> None:
    with running("--output", "null", "--noise", "0.5", "--predictor", "fast") as daemon:
        assert daemon.stats()["predictor"] == "fast"
        assert daemon.stats()["noise"] == 0.5
        assert daemon.client.request("set_predictor", predictor="auto")["predictor"] == "auto"
        assert daemon.client.request("set_predictor", predictor="best")["predictor"] == "best"
        assert daemon.client.request("set_noise", noise="0")["noise"] == 0.0
        assert daemon.stats()["noise"] == 0.0 or daemon.wait_for(lambda stats: stats["noise"] == 0.0)
        for wrong in ("3", "-1", "loud", "nan"):
            with pytest.raises(ControlError, match="a number from 0 to 2"):
                daemon.client.request("set_noise", noise=wrong)
        with pytest.raises(ControlError, match="auto, best, fast"):
            daemon.client.request("set_predictor", predictor="better")
        daemon.finish()
