"""``plcd models`` and what ``--model`` accepts."""

import sys
from pathlib import Path

import pytest

from plcd.cli.errors import CliError
from plcd.cli.main import main
from plcd.cli.models import Model, load_model
from plcd.neural import shipped
from plcd.neural.spectrogram import find_network

sys.path.insert(0, str(Path(__file__).parents[1] / "neural"))
import tiny_models as tiny

CARD = "# tiny\n\nParameters: 12 345\nScores: ODG -1.1, Zimtohrli 4.7\n\nMore of it.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where networks ship: one with a card, one without, a broken one."""
    (tmp_path / "tiny.onnx").write_bytes(tiny.magnitude())
    (tmp_path / "tiny.md").write_text(CARD)
    (tmp_path / "bare.onnx").write_bytes(tiny.waveform())
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    monkeypatch.setattr(shipped, "models_folder", lambda: tmp_path)
    return tmp_path


def _listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The rows of ``plcd models`` by name."""
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["models"]) == 0
    return {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}


def test_what_ships_is_listed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = _listed(capsys, monkeypatch)
    assert "magnitude" in lines["tiny"]
    assert "12 345" in lines["tiny"]
    assert "ODG -1.1, Zimtohrli 4.7" in lines["tiny"]
    assert "ms a packet" in lines["tiny"]
    assert "waveform" in lines["bare"]
    assert "none in its card" in lines["bare"]
    assert "not an ONNX file" in lines["broken"]


def test_where_none_ships_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "models_folder", lambda: tmp_path)
    assert main(["models"]) == 0
    assert "no networks ship with this version" in capsys.readouterr().out


def test_a_file_that_keeps_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(tiny.staged_magnitude())
    assert main(["models", "check", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"{path}: keeps the contract" in said
    assert "tiny, magnitude, 2 stage(s), 2 parameters" in said
    assert "made for 44100 Hz, sees 1024 samples and 1024 predicted, makes 768 for blocks of 512" in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (tiny.magnitude(rate=1), "metadata 'rate' must be a whole number from 8000 to 192000, not 1"),
        (b"", "the file is empty"),
        (tiny.Graph().model(None), "no metadata under the key 'plcd'"),
    ],
)
def test_one_that_does_not_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(content)
    assert main(["models", "check", str(path)]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert f"model {path}: {reason}" in said.err


def test_the_predictor_that_goes_with_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.onnx"
    for predictor, more in (("best", ""), ("lpc:128/3584", ", which --predictor auto takes with it")):
        path.write_bytes(tiny.magnitude(predictor=predictor))
        assert main(["models", "check", str(path)]) == 0
        assert f"  trained on the predictor {predictor}, noise 0{more}\n" in capsys.readouterr().out


def test_without_a_default_auto_is_none(folder: Path) -> None:
    assert not (folder / "default").exists()
    assert load_model("auto") == Model()


def test_auto_is_what_the_file_default_names(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "default").write_text("bare\n")
    model = load_model("auto")
    assert model.failure is None
    assert model.network is not None
    assert model.network.kind == "waveform"
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["models"]) == 0
    assert "bare (default)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "reason"), [("broken", "not an ONNX file"), ("huge", "names 'huge', which is not there")]
)
def test_a_default_that_cannot_run_is_no_error(folder: Path, name: str, reason: str) -> None:
    (folder / "default").write_text(name)
    model = load_model("auto")
    assert model.network is None
    assert model.failure is not None
    assert reason in model.failure
    assert "\n" not in model.failure


@pytest.mark.usefixtures("folder")
def test_names_with_and_without_suffix() -> None:
    for name in ("tiny", "tiny.onnx"):
        network = load_model(name).network
        assert network is not None
        assert network.kind == "magnitude"
    assert load_model("none") == Model()
    with pytest.raises(CliError, match="no such shipped network \\(there are bare, broken, tiny\\)"):
        load_model("huge")


def test_networks_for_recordings_are_listed_and_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = _listed(capsys, monkeypatch)
    assert "spectrogram" in lines["res-u-net-v2"]
    assert "ms a patch of 512 ms, for plcd restore" in lines["res-u-net-v2"]
    assert main(["models", "check", "res-u-net-v2"]) == 0
    said = capsys.readouterr().out
    assert "keeps the contract\n  res-u-net-v2" in said
    file = tmp_path / "mine.onnx"
    file.write_bytes(find_network(None).read_bytes().replace(b'"frames": 128', b'"frames": 129'))
    assert main(["models", "check", str(file)]) == 3
    assert f"model {file}: metadata 'frames' must be 128, not 129" in capsys.readouterr().err
