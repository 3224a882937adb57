"""Files that are no networks, or bad ones, met with the real onnxruntime: refused with the reason, and nobody is hurt."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models as tiny

from plcd.neural.errors import ModelError
from plcd.neural.loading import load, try_apart
from plcd.neural.network import Network

ROOT = Path(__file__).parents[2]


def refused(content: bytes, tmp_path: Path) -> str:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load(path)
    said = str(caught.value)
    assert said.isprintable()
    return said


def loaded(content: bytes, tmp_path: Path) -> Network[Any]:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    return load(path)


@pytest.mark.parametrize("content", [tiny.magnitude(), tiny.staged_magnitude(), tiny.waveform(0.1)])
def test_what_keeps_the_contract_is_loaded(content: bytes, tmp_path: Path) -> None:
    network = loaded(content, tmp_path)
    assert network.name == "tiny"
    assert network.refuses(48_000) is None
    assert network.refuses(8_000) is not None


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a file"):
        load(tmp_path)
    with pytest.raises(ModelError, match="not a file"):
        load(tmp_path / "none.onnx")
    assert "empty" in refused(b"", tmp_path)


def test_over_a_gigabyte_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        os.truncate(file.fileno(), (1 << 30) + 1)
    with pytest.raises(ModelError, match="at most 1 GB"):
        load(path)


def test_an_operator_that_does_not_exist(tmp_path: Path) -> None:
    graph = tiny.Graph()
    values = tiny.waveform_values()
    graph.input("context", 1, 1, 2048)
    graph.output("residual", 1, 1, 1024)
    graph.node("Frobnicate", ["context"], ["residual"])
    assert "onnxruntime does not take it" in refused(graph.model(values), tmp_path)


def test_a_graph_whose_outputs_are_not_what_it_says(tmp_path: Path) -> None:
    graph = tiny.Graph()
    graph.input("context", 1, 1, 2048)
    graph.output("residual", 1, 1, 1024)
    graph.node("Identity", ["context"], ["residual"])
    said = refused(graph.model(tiny.waveform_values()), tmp_path)
    assert said == "it fails when it runs: 'residual' has shape 1x1x2048, not 1x1x1024 as it says"


def test_nan_in_a_run(tmp_path: Path) -> None:
    """From finite weights: zero over zero in silence, the logarithm of what is negative."""
    for kind in ("Log", "Sqrt"):
        graph = tiny.Graph()
        for name, number in (("starts", 0), ("ends", 1024), ("axes", 2)):
            graph.weight(name, np.array([number]))
        graph.input("context", 1, 1, 2048)
        graph.output("residual", 1, 1, 1024)
        graph.node("Slice", ["context", "starts", "ends", "axes"], ["part"])
        graph.node(kind, ["part"], ["residual"])
        assert "NaN or infinity" in refused(graph.model(tiny.waveform_values()), tmp_path)


def test_another_kind(tmp_path: Path) -> None:
    said = refused(tiny.waveform(kind="telepathy"), tmp_path)
    assert said.startswith("metadata 'kind' 'telepathy': there are ")


def test_a_run_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLCD_TRIAL_RUN_S", "1")
    with pytest.raises(ModelError, match="a run takes longer than 1 s"):
        try_apart(tiny.endless())


def test_what_kills_the_process_kills_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stand-in for onnxruntime that crashes as a broken one would."""
    (tmp_path / "onnxruntime.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ModelError, match=r"does not survive it \(signal 11\)"):
        try_apart(tiny.magnitude())


def test_without_onnxruntime_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stand-in for one that cannot be loaded."""
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('libgomp.so.1: no such file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ModelError, match=r"onnxruntime cannot be loaded: libgomp\.so\.1"):
        try_apart(tiny.magnitude())


def test_truncations_and_turned_bits(tmp_path: Path) -> None:
    """Each mutant is refused in one line or keeps the contract, in a process that onnxruntime may end for itself only."""
    newest = tmp_path / "newest.onnx"
    command = [sys.executable, str(Path(__file__).parent / "mutants.py"), str(newest)]
    end = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT, check=False)
    assert end.returncode == 0, f"met with {newest.read_bytes()!r}:\n{end.stderr}"
    assert int(end.stdout.splitlines()[-1]) > 0  # onnxruntime may have printed, too


def test_the_trial_is_a_process_of_its_own() -> None:
    try_apart(tiny.magnitude())
    with pytest.raises(ModelError, match="not an ONNX file"):
        try_apart(b"x" * 100)
