"""``--model auto`` and a network's own predictor: what a daemon and ``plcd conceal`` do with what ships, as processes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import MONO, PLCD, QUICK, RATE, Stats, music, played, running, write_float
from shipping import ship, without_onnxruntime

from plcd.core.impairment import Impairment
from plcd.core.loss import Gilbert
from plcd.io.sender import Sender, SendOptions

sys.path.insert(0, str(Path(__file__).parents[1] / "neural"))
import tiny_models as tiny

FRAME = 2048
"""46 ms, so that a busy machine is still in time."""
FLAGS = (
    "--model",
    "auto",
    "--output",
    "null",
    "--lookahead",
    "0",
    "--depth",
    "300ms",
    "--packet",
    str(FRAME),
)
OWN = "lpc:32/256"
ALIKE = tiny.staged_magnitude(1.0, noise=1)
"""Gives the prediction, innovation included, as it is."""


def lossy(*flags: str, **popen: Any) -> tuple[Stats, str, str]:
    """What a daemon counted of some seconds with losses, what it said, and what ``plcd top`` showed of it."""
    with running(*FLAGS, *flags, **popen) as daemon:
        audio = music(2.5)
        Sender(audio, MONO, daemon.address, SendOptions(), Impairment(Gilbert(0.079, 0.69))).run()
        stats = daemon.wait_idle()
        command = [*PLCD, "top", "--once", "--control", f"ipc://{daemon.folder}/c"]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        return stats, daemon.finish(), shown


def test_the_default_speaks_unasked_and_all_of_it_is_shown(tmp_path: Path) -> None:
    house = ship(tmp_path / "house", "winner", winner=ALIKE, other=tiny.waveform())
    stats, said, shown = lossy(*QUICK, cwd=house)
    network, ahead = stats["network"], stats["ahead"]
    assert stats["model"] == "tiny"
    assert (network["kind"], network["refused"]) == ("magnitude", None)
    assert network["spoken"] > 5
    assert "warning" not in said
    assert "model tiny" in shown
    assert (
        f"tiny: {100 * network['share']:.1f} % of the blocks of holes, spoke {network['spoken']} times"
        in shown
    )
    assert f"late {stats['events']['model_late']}, withheld {network['withheld']};" in shown
    assert f"{ahead['prepared']} packets before a loss was known, {ahead['used']} used" in shown


def test_none_and_a_name_are_what_they_say(tmp_path: Path) -> None:
    house = ship(tmp_path / "house", "winner", winner=ALIKE, other=tiny.waveform())
    for name, kind in (("none", None), ("other", "waveform")):
        with running(*FLAGS, *QUICK, "--model", name, cwd=house) as daemon:
            network = daemon.stats()["network"]
            daemon.finish()
        assert (network and network["kind"]) == kind


def test_without_a_default_the_predictor_plays_and_nothing_is_said(tmp_path: Path) -> None:
    stats, said, shown = lossy(*QUICK, cwd=ship(tmp_path / "house", winner=ALIKE))
    assert (stats["model"], stats["network"]) == (None, None)
    assert "network" not in said
    assert "network" not in shown


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"broken", "not an ONNX file"), (ALIKE, "onnxruntime cannot be loaded: libgomp.so.1")],
)
def test_a_default_that_cannot_run_is_said_and_the_predictor_plays(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    house = ship(tmp_path / "house", "winner", winner=content)
    environment = without_onnxruntime(tmp_path / "bare") if content == ALIKE else None
    stats, said, shown = lossy(*QUICK, cwd=house, env=environment)
    assert reason in stats["network"]["refused"]
    assert stats["model"] is None
    assert stats["frames"]["by_origin"]["predicted"] > 0
    assert stats["frames"]["by_origin"]["refined"] == 0
    assert said.count(reason) == 1
    assert reason in shown
    named = [*PLCD, "--listen", "127.0.0.1:0", "--output", "null", "--model", "winner"]
    end = subprocess.run(
        named, cwd=house, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert end.returncode == 3
    assert reason in end.stderr


def test_a_networks_own_predictor_is_taken_unless_one_is_named(tmp_path: Path) -> None:
    house = ship(tmp_path / "house", "winner", winner=tiny.staged_magnitude(1.0, noise=1, predictor=OWN))
    stats, said, shown = lossy(cwd=house)
    assert (stats["predictor"], stats["predictor_auto"]) == (OWN, True)
    assert stats["network"]["spoken"] > 0
    assert said.count(f"the network tiny was trained on the predictor {OWN}: it is taken") == 1
    assert f"auto: {OWN}" in shown
    stats, said, _ = lossy(*QUICK, cwd=house)
    assert (stats["predictor"], stats["predictor_auto"]) == (QUICK[1], False)
    assert stats["network"]["spoken"] > 0
    assert "was trained on" not in said


def test_a_network_that_leaves_no_time_for_a_predictor_goes_first(tmp_path: Path) -> None:
    """A block of some milliseconds: in time for a frame of 46 ms, but not within the 4 ms of a loss."""
    house = ship(tmp_path / "house", "slow", slow=tiny.endless(10_000))
    stats, said, shown = lossy(cwd=house)
    refused = stats["network"]["refused"]
    assert "of the 4.0 ms in which a packet is to be concealed, too much beside a decent predictor" in refused
    assert said.count(refused) == 1
    assert refused in shown
    assert stats["network"]["shown"] == 0
    assert stats["frames"]["by_origin"]["predicted"] > 0


def test_offline_likewise(tmp_path: Path) -> None:
    """``plcd conceal`` with the default, with its predictor named, and without it; then with one that cannot run."""
    house = ship(tmp_path / "house", "winner", winner=tiny.magnitude(1.0, predictor=OWN))
    write_float(tmp_path / "in.wav", music(1.0))
    (tmp_path / "trace.txt").write_text("0\n" * 40 + "1\n1\n" + "0\n" * 44)

    def conceal(*flags: str) -> tuple[np.ndarray[Any, Any], str]:
        out = tmp_path / "out.wav"
        command = [
            *PLCD,
            "conceal",
            str(tmp_path / "in.wav"),
            "--trace",
            str(tmp_path / "trace.txt"),
            "-o",
            str(out),
        ]
        end = subprocess.run(
            [*command, *flags], cwd=house, capture_output=True, text=True, timeout=110, check=True
        )
        return played(out), end.stderr

    told = f"plcd: the network tiny was trained on the predictor {OWN}: it was taken\n"
    default, said = conceal()
    assert said == told
    same, said = conceal("--model", "winner", "--predictor", OWN)
    assert said == ""
    assert np.array_equal(default, same)
    for flags in (("--predictor", "best"), ("--model", "none")):
        other, said = conceal(*flags)
        assert said == ""
        assert not np.array_equal(default, other)
    (house / "models" / "winner.onnx").write_bytes(b"broken")
    alone, said = conceal()
    assert "not an ONNX file" in said
    assert said.count("\n") == 1
    assert np.array_equal(alone, other)
    assert default.shape[0] == RATE
