"""Through PortAudio into real sound servers, and back from their monitor, sample by sample."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from soundserver import PulseServer

from plcd.io.outputs.callback import MACHINE_CODE, PYTHON

ROOT = Path(__file__).parents[3]
SCALE = 2.0**22

pytestmark = [pytest.mark.soundserver, pytest.mark.timeout(900)]


class Player:
    """``play_numbers.py`` as a process of its own, since PortAudio reads its environment once."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def log(self) -> str:
        return self._log.read_text()

    def wait_for_log(self, text: str) -> None:
        deadline = time.monotonic() + 120
        while text not in self.log():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def finish(self) -> dict[str, Any]:
        out, _ = self._process.communicate("", timeout=120)
        assert self._process.returncode == 0, self.log()
        facts: dict[str, Any] = json.loads(out.splitlines()[-1])
        return facts


@contextlib.contextmanager
def player(
    folder: Path, environment: dict[str, str], device: str, period: int, kind: str
) -> Iterator[Player]:
    log = folder / "player.log"
    command = [sys.executable, str(ROOT / "tests" / "play_numbers.py"), device, str(period), kind]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            env={
                **environment,
                "PYTHONPATH": str(ROOT),
                "NUMBA_CACHE_DIR": str(ROOT / ".pytest_cache" / "numba"),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        assert "playing" in process.stdout.readline(), log.read_text()
        yield Player(process, log)
    finally:
        process.kill()
        process.wait()


def heard(path: Path) -> tuple[NDArray[np.int64], int]:
    """The numbers in a recording of both channels, silence left out, and how many silent samples lay between them."""
    sound = np.fromfile(path, np.float32)
    left, right = sound[: len(sound) // 2 * 2].reshape(-1, 2).T
    np.testing.assert_array_equal(left, -right)
    at = np.flatnonzero(left)
    assert len(at), "nothing was heard"
    scaled = left[at].astype(np.float64) * SCALE
    numbers = np.rint(scaled).astype(np.int64)
    np.testing.assert_array_equal(numbers, scaled)
    return numbers, int(at[-1] - at[0] + 1 - len(at))


@pytest.mark.parametrize("kind", [MACHINE_CODE, PYTHON])
@pytest.mark.parametrize(("device", "period"), [("default", 512), ("pulse", 128)])
def test_every_sample_is_heard_once_and_in_order(
    pulse_server: PulseServer, tmp_path: Path, device: str, period: int, kind: str
) -> None:
    recording = tmp_path / "monitor.f32"
    with (
        pulse_server.record(recording),
        player(tmp_path, pulse_server.environment, device, period, kind) as playing,
    ):
        time.sleep(3)
        facts = playing.finish()
    numbers, silent = heard(recording)
    np.testing.assert_array_equal(numbers, np.arange(1, facts["played"] + 1))
    assert facts["kind"] == kind
    assert facts["ordered"]
    if facts["underruns"] == facts["host_underruns"] == 0:  # a busy machine may pause, but not lose or repeat
        assert silent == 0
    assert facts["played"] > 44_100
    assert facts["ring_ms"] == pytest.approx(2000 * period / 44_100)
    assert facts["device_ms"] > 0
    assert f"callback in {kind}" in playing.log()


@pytest.mark.parametrize("kind", [MACHINE_CODE, PYTHON])
def test_a_server_that_crashes_and_comes_back(pulse_server: PulseServer, tmp_path: Path, kind: str) -> None:
    with player(tmp_path, pulse_server.environment, "default", 512, kind) as playing:
        time.sleep(0.5)
        pulse_server.kill()
        playing.wait_for_log("is gone")
        time.sleep(0.5)
        pulse_server.start()
        recording = tmp_path / "after.f32"
        with pulse_server.record(recording):
            playing.wait_for_log("is back")
            time.sleep(1.5)
            facts = playing.finish()
    numbers, silent = heard(recording)
    np.testing.assert_array_equal(numbers, np.arange(numbers[0], facts["played"] + 1))
    assert numbers[0] > facts["lost_frames"] * 512 > 0
    if facts["underruns"] == facts["host_underruns"] == 0:
        assert silent == 0
    assert facts["ordered"]
    assert not facts["lost"]
    assert facts["kind"] == kind
    assert playing.log().count("WARNING") == 1
    assert playing.log().count("is back") == 1


def test_closing_while_the_device_is_gone(pulse_server: PulseServer, tmp_path: Path) -> None:
    with player(tmp_path, pulse_server.environment, "default", 512, MACHINE_CODE) as playing:
        pulse_server.kill()
        playing.wait_for_log("is gone")
        facts = playing.finish()
    assert facts["lost"]


def test_a_host_with_long_buffers_gets_as_much_as_it_takes_at_once(
    jack_server: dict[str, str], tmp_path: Path
) -> None:
    with player(tmp_path, jack_server, "system", 128, MACHINE_CODE) as playing:
        time.sleep(2)
        facts = playing.finish()
    assert facts["ring_ms"] == pytest.approx(1000 * 1024 / 44_100)
    assert facts["played"] > 8 * 1024
