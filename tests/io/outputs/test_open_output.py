"""``--output``: what it says, and errors before anything opens."""

from pathlib import Path

import pytest

from plcd.io.outputs.base import DeviceError
from plcd.io.outputs.device import DeviceOutput
from plcd.io.outputs.file import FileOutput
from plcd.io.outputs.open import OutputSpec, make_output, parse_output, warm_output
from plcd.io.outputs.timer import TimerOutput


def test_every_form(tmp_path: Path) -> None:
    assert parse_output("null") == OutputSpec("null")
    assert parse_output("default") == OutputSpec("device")
    assert parse_output("USB Audio") == OutputSpec("device", device="USB Audio")
    assert parse_output("3") == OutputSpec("device", device=3)
    path = tmp_path / "Take.WAV"
    assert parse_output(f"file:{path}") == OutputSpec("file", path=path)
    assert not path.exists()


def test_each_makes_its_output(tmp_path: Path) -> None:
    kinds: dict[str, type] = {"null": TimerOutput, "default": DeviceOutput, "7": DeviceOutput}
    kinds[f"file:{tmp_path}/take.flac"] = FileOutput
    for spec, kind in kinds.items():
        assert type(make_output(spec, 44_100, 1, 512)) is kind
        warm_output(parse_output(spec))


@pytest.mark.parametrize("spec", ["", " ", "file:", "file:take.mp3", "file:take"])
def test_nonsense_is_a_usage_error(spec: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_output(spec)
    assert "\n" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_told_early(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    for name, message in (("none/take.wav", "there is no folder"), ("folder.wav", "it is not a file")):
        with pytest.raises(DeviceError, match=message):
            parse_output(f"file:{tmp_path}/{name}")


def test_a_place_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    with pytest.raises(DeviceError, match="no permission"):
        parse_output(f"file:{tmp_path}/take.wav")
