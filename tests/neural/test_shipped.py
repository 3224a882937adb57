"""``plcd.load_model``: a network for a Concealer, with nothing loaded before it is asked for."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_models as tiny

import plcd
from plcd.neural.errors import ModelError
from plcd.neural.shipped import models_folder

sys.path.insert(0, str(Path(__file__).parents[1]))
from shipping import ship

CODE = """
import sys
import numpy as np
import plcd
plcd.load_model
assert "onnxruntime" not in sys.modules
network = plcd.load_model("winner")
assert "onnxruntime" in sys.modules
concealer = plcd.Concealer(rate=44_100, refiner=network)
noise = np.random.default_rng(0).uniform(-0.1, 0.1, (40, 512)).astype(np.float32)
for number, packet in enumerate(noise):
    concealer.push(None if number in (20, 21) else packet)
print(network.name, concealer.predictor, concealer.refinements.shown, concealer.holes)
assert plcd.Concealer(rate=44_100).refinements.shown == 0
"""


def test_a_shipped_name_gives_a_network_that_conceals(tmp_path: Path) -> None:
    house = ship(tmp_path / "house", winner=tiny.magnitude(predictor="lpc:32/256"))
    end = subprocess.run(
        [sys.executable, "-c", CODE], cwd=house, capture_output=True, text=True, timeout=110, check=False
    )
    assert end.returncode == 0, end.stderr
    assert end.stdout == "tiny lpc:32/256 2 []\n"


def test_so_does_a_path_and_what_is_none_is_said(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(tiny.waveform())
    assert plcd.load_model(path).name == plcd.load_model(str(path)).name == "tiny"
    path.write_bytes(b"broken")
    with pytest.raises(ModelError, match=rf"{path}: not an ONNX file"):
        plcd.load_model(path)
    with pytest.raises(ValueError, match="'huge': no such file, and no such shipped network"):
        plcd.load_model("huge")


@pytest.mark.parametrize("model", sorted(models_folder().rglob("*.onnx")), ids=lambda model: str(model.stem))
def test_the_card_has_the_files_hash_and_the_file_no_folders_of_whoever_made_it(model: Path) -> None:
    content = model.read_bytes()
    card = model.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(content).hexdigest() in card
    for trace in (b"stack_trace", b"/root/", b"/home/", b"site-packages"):
        assert trace not in content
