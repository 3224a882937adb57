"""Files of networks that repair spectrograms: what is taken, what is refused, and why."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models as tiny
from hypothesis import given
from hypothesis import strategies as st

from plcd.neural.errors import ModelError
from plcd.neural.shipped import models_folder, shipped
from plcd.neural.spectrogram import DEFAULT, FOLDER, SpectrogramNetwork, find_network, load_network

VALUES: dict[str, Any] = {
    "contract": 1,
    "name": "tiny",
    "kind": "spectrogram",
    "rate": 16_000,
    "stft": {"size": 256, "hop": 64, "window": "hann"},
    "bins": 128,
    "frames": 128,
}


def model(factor: float = 1.0, frames: int = 128, inputs: str = "damaged", **changes: Any) -> bytes:
    """Magnitudes times ``factor``."""
    graph = tiny.Graph()
    graph.weight("factor", np.float32(factor))
    graph.input(inputs, 1, 1, 128, frames)
    graph.output("repaired", 1, 1, 128, frames)
    graph.node("Mul", [inputs, "factor"], ["repaired"])
    return graph.model(VALUES | changes)


def test_a_patch_goes_through_and_nothing_is_negative() -> None:
    shown = np.random.default_rng(0).uniform(0, 1, (128, 128))
    made = SpectrogramNetwork(model(2.0)).repair(shown)
    assert made == pytest.approx(2 * shown, rel=1e-6)
    assert not SpectrogramNetwork(model(-1.0)).repair(shown).any()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (model(kind="magnitude"), "metadata 'kind' must be 'spectrogram', not magnitude"),
        (model(rate=44_100), "metadata 'rate' must be 16000, not 44100"),
        (model(contract=2), "metadata 'contract' must be 1"),
        (model(stft={"size": 512, "hop": 64, "window": "hann"}), "metadata 'stft' must be"),
        (model(frames=64), "one input 'damaged' and one output 'repaired'"),
        (model(inputs="magnitude"), "one input 'damaged' and one output 'repaired'"),
        (tiny.Graph().model(None), "no metadata under the key 'plcd'"),
        (tiny.Graph().model("{"), "is not JSON"),
        (tiny.Graph().model("[1]"), "is not a JSON object"),
        (tiny.magnitude(), "metadata 'kind' must be 'spectrogram'"),
    ],
)
def test_what_is_no_such_network_is_refused_in_one_line(content: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        SpectrogramNetwork(content)
    assert "\n" not in str(caught.value)


def test_nan_is_not_played() -> None:
    graph = tiny.Graph()
    graph.input("damaged", 1, 1, 128, 128)
    graph.output("repaired", 1, 1, 128, 128)
    graph.node("Div", ["damaged", "damaged"], ["repaired"])
    with pytest.raises(ModelError, match="gives NaN or infinity"):
        SpectrogramNetwork(graph.model(VALUES)).repair(np.zeros((128, 128)))


@given(st.binary(max_size=300))
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError):
        SpectrogramNetwork(content)


def test_names_and_files_are_found(tmp_path: Path) -> None:
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(model())
    assert find_network(str(mine)) == mine
    assert find_network(None) == find_network(DEFAULT) == find_network(f"{DEFAULT}.onnx")
    with pytest.raises(
        ModelError, match=rf"'lite': no such file, and no such network .*there are .*{DEFAULT}"
    ):
        find_network("lite")


def test_those_that_ship_keep_the_contract_have_a_card_and_are_not_among_those_that_play() -> None:
    folder = models_folder() / FOLDER
    names = {path.stem for path in folder.glob("*.onnx")}
    assert DEFAULT in names
    assert not names & set(shipped())
    for name in names:
        network, content = load_network(folder / f"{name}.onnx")
        assert network.values["name"] == name
        assert network.values["steps"] > 0
        assert len(content) < 8 << 20
        assert (folder / f"{name}.md").is_file()
