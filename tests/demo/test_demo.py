"""``make demo``'s own work, run as it is: two processes, real UDP, and a verdict that notices a changed sample."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "neural"))
import tiny_models as tiny

DEMO = Path(__file__).resolve().parents[2] / "demo"
RUN = [sys.executable, str(DEMO / "run.py")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo that went well."""
    out = tmp_path_factory.mktemp("demo") / "results"
    done = subprocess.run([*RUN, "--out", str(out)], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    assert "SNR in the holes" in done.stdout
    (out / "said").write_text(done.stdout, encoding="utf-8")
    return out


def test_everything_promised_is_there(made: Path) -> None:
    assert {path.name for path in made.iterdir()} == {
        "report.html",
        "concealed.wav",
        "damaged.wav",
        "stats.json",
        "trace.txt",
        "session.wav",
        "session.wav.json",
        "said",
    }
    page = (made / "report.html").read_text(encoding="utf-8")
    assert "<audio" in page
    assert "<svg" in page
    assert 'src="http' not in page
    stats = json.loads((made / "stats.json").read_text(encoding="utf-8"))
    assert stats["packets"]["lost"] > 20
    assert stats["frames"]["by_origin"]["interpolated"] > 20
    assert soundfile.info(made / "damaged.wav").frames == soundfile.info(DEMO / "music.flac").frames


def test_its_recording_can_be_restored_as_it_says(made: Path, tmp_path: Path) -> None:
    restoring = (made / "said").read_text(encoding="utf-8").splitlines()[-1]
    *_, verb, recording = shlex.split(restoring.removeprefix("better still, afterwards: "))
    assert (verb, Path(recording)) == ("restore", made / "session.wav")
    restored = tmp_path / "restored.wav"
    command = [sys.executable, "-m", "plcd", verb, recording, "-o", str(restored)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    music = soundfile.read(DEMO / "music.flac", dtype="float64")[0]
    played, better = (soundfile.read(path, dtype="float64")[0] for path in (recording, restored))
    start = int(np.argmax(played != 0)) - int(
        np.argmax(music != 0)
    )  # the recording has the silence before the stream
    errors = [sound[start : start + music.size] - music[: sound.size - start] for sound in (played, better)]
    assert np.sum(errors[1] ** 2) < 0.8 * np.sum(errors[0] ** 2)


def test_with_a_network_it_is_heard_in_every_hole(tmp_path: Path) -> None:
    """One that gives the prediction as it is: holes are not closed from both sides, and the report says who made them."""
    (tmp_path / "mine.onnx").write_bytes(tiny.staged_magnitude(1.0, noise=1))
    out = tmp_path / "out"
    command = [*RUN, "--model", str(tmp_path / "mine.onnx"), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    stats = json.loads((out / "stats.json").read_text(encoding="utf-8"))
    assert stats["lookahead"] == 0
    assert stats["frames"]["by_origin"]["interpolated"] == 0
    assert stats["network"]["spoken"] > 20
    said = f"tiny, {100 * stats['network']['share']:.0f} % of the holes"
    assert said in done.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    assert said in page
    assert "--lookahead 0" in page


def _judge(folder: Path) -> "subprocess.CompletedProcess[str]":
    code = (
        "import json, pathlib, sys; from verdict import judge; f = pathlib.Path(sys.argv[1]);"
        f"judge(pathlib.Path({str(DEMO / 'music.flac')!r}), f / 'trace.txt', f / 'concealed.wav',"
        " json.loads((f / 'stats.json').read_text()), 512)"
    )
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.run(command, cwd=DEMO, capture_output=True, text=True, timeout=60, check=False)


def test_the_verdict_accepts_what_was_made(made: Path) -> None:
    assert _judge(made).returncode == 0


@pytest.mark.parametrize("damage", ["a sample", "an end", "a number"])
def test_the_verdict_notices_what_is_wrong(made: Path, tmp_path: Path, damage: str) -> None:
    audio, rate = soundfile.read(made / "concealed.wav", dtype="float32")
    received = np.flatnonzero(np.array(list((made / "trace.txt").read_text().split()), dtype=int) == 0)
    spoiled: np.ndarray[Any, Any] = audio.copy()
    if damage == "a sample":
        spoiled[int(received[30]) * 512 + 300] += 0.01
    elif damage == "an end":
        spoiled = spoiled[:400_000]
    else:
        spoiled[1000] = np.nan
    soundfile.write(tmp_path / "concealed.wav", spoiled, rate, "FLOAT")
    for name in ("trace.txt", "stats.json"):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    assert "DemoError" in _judge(tmp_path).stderr
