"""Sound devices as inputs: PulseAudio and JACK without sound hardware, captured by a real daemon and heard by another."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jack_session import JackSession, jack_session, share_of_tone
from running import QUICK, RATE, played, running
from soundserver import SINK, PulseServer, UnavailableError

from plcd.core.frame import Samples

pytestmark = pytest.mark.timeout(900)  # an installation may come before the first test

CALM = ("--depth", "1000ms", *QUICK)
TONE_SAMPLES = 200


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[PulseServer]:
    try:
        server = PulseServer(tmp_path, RATE, 2)
        server.start()
    except UnavailableError as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture
def jack(tmp_path: Path) -> Iterator[JackSession]:
    try:
        with jack_session(tmp_path) as session:
            yield session
    except UnavailableError as error:
        pytest.skip(str(error))


def tone(seconds: float) -> Samples:
    wave = 0.4 * np.sin(2 * np.pi * np.arange(round(seconds * RATE)) / TONE_SAMPLES)
    return np.repeat(wave.astype(np.float32)[:, None], 2, axis=1)


def play(pulse: PulseServer, path: Path) -> "subprocess.Popen[bytes]":
    """The raw file into the sink, whose monitor is the only source there is."""
    command = [
        "pacat",
        "-d",
        SINK,
        "--format=float32le",
        f"--rate={RATE}",
        "--channels=2",
        "--raw",
        str(path),
    ]
    return subprocess.Popen(command, env=pulse.environment)


@pytest.mark.parametrize("packet", ["128", "512"])
def test_what_a_sound_device_hears_is_sent(pulse: PulseServer, tmp_path: Path, packet: str) -> None:
    """PulseAudio's monitor of what is played: the tone arrives in the peer's form, at its rate."""
    take, raw = tmp_path / "take.wav", tmp_path / "tone.f32"
    tone(120).tofile(raw)
    player = play(pulse, raw)
    try:
        with (
            running("--input", "pulse", "--output", "null", *CALM, env=pulse.environment) as near,
            running(
                *("--connect", f"127.0.0.1:{near.address[1]}", "--packet", packet, "--channels", "2"),
                *("--output", f"file:{take}", *CALM),
            ) as far,
        ):
            near.wait_for(lambda stats: stats["reply"]["input"]["name"] != "pulse")
            so_far = far.stats()["frames"]["by_origin"]["received"]
            far.wait_for(
                lambda stats: (stats["frames"]["by_origin"]["received"] - so_far) * int(packet) > 5 * RATE
            )
            stats = near.stats()
            far.finish()
            log = near.finish()
    finally:
        player.kill()
        player.wait()
    assert stats["reply"]["input"]["name"].startswith("pulse, ALSA")
    assert not stats["reply"]["input"]["lost"]
    assert "capturing from pulse, ALSA" in log
    heard = played(take)[-3 * RATE :]
    assert share_of_tone(heard, 0) > 0.5
    assert share_of_tone(heard, 1) > 0.5


def test_a_device_that_goes_away_and_comes_back(pulse: PulseServer, tmp_path: Path) -> None:
    """One line for each; hearing goes on, and silence is sent meanwhile."""
    with (
        running("--input", "pulse", "--output", "null", *CALM, env=pulse.environment) as near,
        running("--connect", f"127.0.0.1:{near.address[1]}", "--output", "null", *CALM) as far,
    ):
        near.wait_for(lambda stats: "ALSA" in stats["reply"]["input"]["name"])
        pulse.kill()
        lost = near.wait_for(lambda stats: stats["reply"]["input"]["lost"])
        before = far.stats()["frames"]["by_origin"]["received"]
        far.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] > before + 100)
        assert near.stats()["reply"]["input"]["underruns"] > lost["reply"]["input"]["underruns"]
        pulse.start()
        near.wait_for(lambda stats: not stats["reply"]["input"]["lost"])
        played_on = near.stats()
        far.finish()
        log = near.finish()
    assert log.count("silence is sent until") == 1
    assert log.count("is there") == 1
    assert played_on["events"]["restarts"] == 0


def test_no_process_is_left_when_the_daemon_is_killed(pulse: PulseServer) -> None:
    with (
        running("--input", "pulse", "--output", "null", *CALM, env=pulse.environment) as near,
        running("--connect", f"127.0.0.1:{near.address[1]}", "--output", "null", *CALM) as far,
    ):
        near.wait_for(lambda stats: "ALSA" in stats["reply"]["input"]["name"])
        children = children_of(near.process.pid)
        assert len(children) == 1
        near.process.kill()
        near.process.wait()
        far.wait_for(lambda _: not any(map(alive, children)))
        far.finish()


def children_of(process: int) -> list[int]:
    text = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in text.stdout.split()]


def alive(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_jack_client_is_captured(jack: JackSession, tmp_path: Path) -> None:
    """PortAudio shows each client of JACK as a device: the one that plays the tone."""
    take = tmp_path / "take.wav"
    env = {**os.environ, **jack.environment}
    with (
        running("--input", "tone", "--output", "null", *CALM, env=env) as near,
        running("--connect", f"127.0.0.1:{near.address[1]}", "--output", f"file:{take}", *CALM) as far,
    ):
        near.wait_for(lambda stats: "JACK" in stats["reply"]["input"]["name"])
        so_far = far.stats()["frames"]["by_origin"]["received"]
        far.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] > so_far + 430)
        far.finish()
        near.finish()
    assert share_of_tone(played(take)[-3 * RATE :]) > 0.5
