"""Control of a daemon that plays: what it is asked for happens between frames, and the sound goes on."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import MONO, QUICK, Running, Source, assert_adds_up, music, played, running, streaming

from plcd.core.impairment import Impairment
from plcd.core.loss import Gilbert
from plcd.io.control_errors import ControlError, ControlUnavailableError
from plcd.io.sender import Sender, SendOptions

AUDIO = music(30.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def playing(folder: Path) -> Iterator[Running]:
    """One daemon for several tests, with a stream that outlasts them."""
    with running("--output", "null", "--depth", "200ms", *QUICK, "--record-dir", str(folder)) as daemon:
        with streaming(AUDIO, daemon.address):
            daemon.wait_for(lambda stats: stats["state"] == "playing")
            yield daemon
        assert "Traceback" not in daemon.text


def refused(daemon: Running, command: str, **arguments: Any) -> str:
    with pytest.raises(ControlError) as error:
        daemon.client.request(command, **arguments)
    assert not isinstance(error.value, ControlUnavailableError)
    text = str(error.value)
    assert len(text.splitlines()) == 1
    return text


def test_stats_and_feed_agree(playing: Running) -> None:
    snapshots = [playing.client.next_snapshot(5.0) for _ in range(6)]
    frames = []
    for newest in snapshots:
        assert newest is not None
        assert_adds_up(newest)
        frames.append(newest["frames"]["played"])
    assert frames == sorted(frames)
    assert frames[-1] > frames[0]
    stats = playing.stats()
    assert snapshots[0] is not None
    assert stats.keys() == snapshots[0].keys()
    assert stats["schema"] == "plcd.snapshot/1"
    assert stats["buffer"]["depth_ms"] == 200.0
    assert stats["source"]["format"] == "L16/44100/1"
    assert stats["events"]["missed_deadlines"] == stats["events"]["restarts"] == 0


def test_depth_moves_by_one_splice(playing: Running) -> None:
    """Deeper by inserted time, shallower by a skip; nothing is lost or late on the way, the level follows."""
    for depth, ms in (("900ms", 900.0), ("20", 20 * 512 / 44.1), ("200ms", 200.0)):
        assert playing.client.request("set_depth", depth=depth)["depth"] == depth
        stats = playing.wait_for(lambda stats: stats["buffer"]["depth_ms"] == round(ms, 3))  # noqa: B023
        low, high = 0.5 * ms, 1.2 * ms
        playing.wait_for(lambda stats: low < stats["buffer"]["level_ms"] < high)  # noqa: B023
    assert stats["packets"]["lost"] == stats["packets"]["late"] == 0
    assert stats["frames"]["by_origin"]["spliced"] > 0
    assert_adds_up(stats)
    for wrong in ("", "-1", "40s", "5000ms", "1.5"):
        assert "depth" in refused(playing, "set_depth", depth=wrong)


def test_predictor_changes_from_the_next_hole_on(playing: Running) -> None:
    assert playing.client.request("set_predictor", predictor="lpc:64/2048") == {
        "ok": True,
        "predictor": "lpc:64/2048",
    }
    playing.wait_for(lambda stats: stats["predictor"] == "lpc:64/2048")
    for wrong in ("burg", "burg:10/5", "lpc:0/100", "magic:1/2", "burg:9999999/9"):
        assert "predictor" in refused(playing, "set_predictor", predictor=wrong)
    assert playing.stats()["predictor"] == "lpc:64/2048"


def test_what_it_does_not_know_is_answered(playing: Running) -> None:
    assert "unknown" in refused(playing, "explode")
    assert refused(playing, "set_depth")
    assert refused(playing, "set_depth", depth=40)
    assert refused(playing, "set_depth", depth="40ms", more="x")
    assert playing.stats()["state"] == "playing"


def test_recordings_stay_below_their_folder(playing: Running, folder: Path, tmp_path: Path) -> None:
    (folder / "there.wav").write_bytes(b"mine")
    (folder / "out").symlink_to(tmp_path)
    (folder / "sub").mkdir()
    for wrong in (
        "",
        "/etc/x.wav",
        "../x.wav",
        "sub/../../x.wav",
        "there.wav",
        "out/x.wav",
        "none/x.wav",
        "x.mp3",
        "x",
        "..",
        "sub",
        f"{'x' * 300}.wav",
        "x\0.wav",
    ):
        assert refused(playing, "start_recording", path=wrong)
    assert (folder / "there.wav").read_bytes() == b"mine"
    assert not list(tmp_path.iterdir())
    assert "no recording" in refused(playing, "stop_recording")

    path = playing.client.request("start_recording", path="sub/take.flac")["path"]
    assert path == str(folder / "sub" / "take.flac")
    assert "running" in refused(playing, "start_recording", path="other.wav")
    played_before = playing.stats()["frames"]["played"]
    playing.wait_for(lambda stats: stats["frames"]["played"] > played_before + 40)
    recording = playing.client.request("stop_recording")["recording"]
    assert recording["error"] is None
    got = played(Path(path))
    assert recording["samples"] == len(got) >= 40 * 512
    sidecar = json.loads(Path(f"{path}.json").read_text())
    assert sidecar["samples"] == len(got)
    assert sidecar["holes"] == []
    starts = np.flatnonzero(AUDIO[:, 0] == got[0, 0])
    assert any(np.array_equal(AUDIO[start : start + len(got)], got) for start in starts)
    assert "exists" in refused(playing, "start_recording", path="sub/take.flac")


@pytest.mark.parametrize("lookahead", ["0", "2", "auto"])
def test_time_is_inserted_beside_holes(lookahead: str) -> None:
    """Every other packet or so is lost while the depth goes up and down."""
    impairment = Impairment(Gilbert(0.3, 0.5))
    with running("--output", "null", "--depth", "100ms", "--lookahead", lookahead, *QUICK) as daemon:
        sender = Sender(AUDIO, MONO, daemon.address, SendOptions(), impairment)
        thread = threading.Thread(target=sender.run)
        thread.start()
        daemon.wait_for(lambda stats: stats["state"] == "playing")
        for depth in ("130ms", "200ms", "150ms", "101ms", "400ms", "100ms") * 2:
            daemon.client.request("set_depth", depth=depth)
            frames = daemon.stats()["frames"]["played"]
            stats = daemon.wait_for(lambda stats: stats["frames"]["played"] > frames + 6)  # noqa: B023
        sender.stop()
        thread.join()
        daemon.finish()
    assert stats["packets"]["lost"] > 10
    assert stats["events"]["restarts"] == 0
    assert_adds_up(stats)


def test_shutdown_while_playing(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    with running("--output", f"file:{take}", "--depth", "100ms", *QUICK) as daemon:
        with streaming(AUDIO, daemon.address):
            daemon.wait_for(lambda stats: stats["frames"]["played"] > 40)
            assert daemon.client.request("shutdown") == {"ok": True}
            assert daemon.process.wait(30) == 0
        daemon.finish()
        assert not list(daemon.folder.iterdir())
    got = played(take)
    np.testing.assert_array_equal(got[:-512], AUDIO[: len(got) - 512])
    assert got[-1, 0] == 0.0


def test_nothing_to_record_or_change_before_a_stream(tmp_path: Path) -> None:
    with running("--output", "null", *QUICK) as daemon:
        assert daemon.stats()["state"] == "waiting"
        assert "--record-dir" in refused(daemon, "start_recording", path="x.wav")
        assert daemon.client.request("set_depth", depth="70ms")["depth"] == "70ms"
        assert daemon.client.request("set_predictor", predictor="burg:16/64")["ok"]
        with Source(daemon.address) as source:
            source.stream(AUDIO[: 44100 // 4])
        stats = daemon.wait_for(lambda stats: stats["state"] == "playing")
        assert stats["buffer"]["depth_ms"] == 70.0
        assert stats["predictor"] == "burg:16/64"
        daemon.finish()
    with running("--output", "null", *QUICK, "--record-dir", str(tmp_path)) as daemon:
        assert "nothing to record yet" in refused(daemon, "start_recording", path="x.wav")
        daemon.finish()
    assert not list(tmp_path.iterdir())
