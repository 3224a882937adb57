"""Whole trainings, short but real: every recipe learns, its file runs, and what goes wrong is said."""

import csv
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from phrases import phrase, write_phrases

torch = pytest.importorskip("torch", reason="training needs PyTorch: make test-train")
pytest.importorskip("lightning")
pytest.importorskip("onnxruntime")

from plcd.core.refiner import Block  # noqa: E402
from plcd.neural.loading import load  # noqa: E402
from plcd.training.codec.store import load_codec  # noqa: E402
from plcd.training.errors import TrainingError  # noqa: E402
from plcd.training.looks import Looks  # noqa: E402
from plcd.training.recipe import Recipe, read_recipe  # noqa: E402
from plcd.training.run import Options, Result, train  # noqa: E402
from plcd.training.tasks.base import Task  # noqa: E402
from plcd.training.weights import save_weights  # noqa: E402


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phrases(tmp_path_factory.mktemp("takes"), 8)


def short(name: str, batch: int = 4, every: int = 1000, **changes: Any) -> Recipe:
    """The recipe as it is, but for the size of batches and looks: same network, losses, optimiser, predictor."""
    recipe = read_recipe(name)
    data = replace(recipe.data, clips=8, rounds=2, batches=20)
    look = replace(recipe.validation, every=every, batches=2, clips=1, clip_s=1.0)
    return replace(recipe, batch=batch, data=data, validation=look, **changes)


def run(recipe: Recipe, data: Path, out: Path, **options: Any) -> Result:
    return train(Options(recipe=recipe, data=(str(data),), out=out, workers=0, threads=1, **options))


def scores(out: Path, figure: str) -> dict[int, float]:
    """Value by step."""
    with (out / "scores.csv").open(encoding="utf-8") as file:
        return {
            int(row["step"]): float(row["value"]) for row in csv.DictReader(file) if row["figure"] == figure
        }


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The loss at each step, all of which get the first batch: few steps can fit that, and other music too only by luck."""
    batches: list[Any] = []
    losses: list[float] = []
    step = Task.training_step

    def again(task: Task, batch: Any, index: int) -> None:
        batches.append(batch)
        step(task, batches[0], index)
        losses.append(task.last_losses["loss"])

    monkeypatch.setattr(Task, "training_step", again)
    return losses


@pytest.mark.parametrize(
    ("name", "loss", "steps", "batch"),
    [
        ("bin2bin-lite", "plain", 16, 4),
        ("bin2bin-lite-paper", "adversarial", 6, 2),
        ("bin2bin-full", "plain", 3, 2),
        ("parcnet", "tilt", 40, 8),
        ("parcnet-paper", "tilt-smooth", 24, 8),
    ],
)
def test_a_network_learns_and_its_file_runs(
    name: str, loss: str, steps: int, batch: int, data: Path, tmp_path: Path, fitted: list[float]
) -> None:
    _learns_and_runs(name, loss, steps, batch, data, tmp_path)
    assert fitted[-1] < 0.95 * fitted[0]


def test_the_hybrid_learns_and_its_file_runs(data: Path, tmp_path: Path) -> None:
    """Its loss of one batch swings from step to step; what it learns in thirty of them holds for other music."""
    _learns_and_runs("hybrid", "default", 30, 4, data, tmp_path)
    found = scores(tmp_path, "loss")
    assert found[30] < found[0]


def _learns_and_runs(name: str, loss: str, steps: int, batch: int, data: Path, tmp_path: Path) -> None:
    result = run(short(name, batch), data, tmp_path, steps=steps, loss=loss)
    found = scores(tmp_path, "loss")
    for figure in ("gap_snr_db", "predictor_gap_snr_db"):
        assert np.isfinite(list(scores(tmp_path, figure).values())).all()
    network = load(result.model)
    said = network.contract.origin
    assert network.contract.name == name
    assert said["steps"] in found
    assert said["data"].startswith("6 recordings")
    assert network.contract.predictor == read_recipe(name).data.predictor
    past, ahead = phrase(3, 0.2)[: network.context], phrase(4, 0.2)[: network.horizon]
    block = Block(past, np.ones(past.size, np.bool_), ahead, 0.1 * ahead, 0, 44_100)
    better = network.refine(block)
    assert better is not None
    assert better.shape == (network.made,)
    assert np.isfinite(better).all()
    assert np.any(better)
    assert result.model.with_suffix(".npz").is_file()


@pytest.mark.parametrize(("name", "steps"), [("codec-magnitude", 40), ("codec-time", 10)])
def test_a_codec_net_learns_and_can_be_heard_with(name: str, steps: int, data: Path, tmp_path: Path) -> None:
    recipe = short(name, 2)
    result = run(recipe, data, tmp_path, steps=steps)
    loss = scores(tmp_path, "loss")
    assert loss[steps] < loss[0]
    assert isinstance(load_codec(result.model), torch.nn.Module)
    heard = tmp_path / "heard"
    run(short("bin2bin-lite", 2, loss="codec"), data, heard, steps=2, codec=result.model)
    assert (heard / "bin2bin-lite.onnx").is_file()


def weights(out: Path) -> dict[str, np.ndarray[Any, Any]]:
    stored = torch.load(out / "last.ckpt", weights_only=True)["state_dict"]
    return {name: value.numpy() for name, value in stored.items()}


@pytest.fixture
def interrupted_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Press Ctrl-C once that many steps are done."""

    def arrange(steps: int) -> None:
        usual = Looks.on_train_batch_end

        def watch(self: Looks, trainer: Any, task: Any, *rest: Any) -> None:
            if task.done == steps:
                signal.raise_signal(signal.SIGINT)
            usual(self, trainer, task, *rest)

        monkeypatch.setattr(Looks, "on_train_batch_end", watch)

    return arrange


@pytest.mark.parametrize(("name", "loss"), [("bin2bin-lite", "adversarial"), ("parcnet", "parcnet")])
def test_a_training_that_goes_on_is_the_one_that_never_stopped(
    name: str, loss: str, data: Path, tmp_path: Path, interrupted_after: Callable[[int], None]
) -> None:
    """Dropout, adversary, plateau, optimisers, and data of rounds that are long gone: equal losses, equal weights."""
    recipe = short(name, 2, every=2, loss=loss, steps=8)
    recipe = replace(
        recipe,
        data=replace(recipe.data, batches=3, rounds=2),
        critic_every=2 if recipe.critic_every else 0,
        optimiser=replace(recipe.optimiser, patience=0),
        validation=replace(recipe.validation, clips=0),
    )
    run(recipe, data, tmp_path / "whole")
    interrupted_after(5)
    cut = run(recipe, data, tmp_path / "parts")
    assert (cut.interrupted, cut.steps) == (True, 5)
    rest = run(recipe, data, tmp_path / "parts", resume=True)
    assert (rest.interrupted, rest.steps) == (False, 8)
    whole, parts = scores(tmp_path / "whole", "loss"), scores(tmp_path / "parts", "loss")
    assert set(whole) == {0, 2, 4, 6, 8}
    assert {step: parts[step] for step in whole if step < 5} == {
        step: whole[step] for step in whole if step < 5
    }
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert {step: parts[step] for step in whole} == whole
    assert all(np.array_equal(one[key], other[key]) for key in one)


def test_one_can_go_on_with_nothing_else(data: Path, tmp_path: Path) -> None:
    recipe = short("parcnet", 2, loss="parcnet", steps=1)
    recipe = replace(recipe, validation=replace(recipe.validation, clips=0))
    with pytest.raises(
        TrainingError, match=r"--resume: there is no .*last.ckpt; leave --resume out to begin"
    ):
        run(recipe, data, tmp_path, resume=True)
    run(recipe, data, tmp_path)
    with pytest.raises(
        TrainingError, match="holds a training already: say --resume to go on, or another --out"
    ):
        run(recipe, data, tmp_path)
    with pytest.raises(TrainingError, match="was made with seed 0, not 1"):
        run(recipe, data, tmp_path, resume=True, seed=1)
    with pytest.raises(TrainingError, match="was made with loss parcnet, not tilt"):
        run(recipe, data, tmp_path, resume=True, loss="tilt")
    with pytest.raises(TrainingError, match="--loss slope: recipe parcnet has tilt"):
        run(recipe, data, tmp_path, resume=True, loss="slope")
    (tmp_path / "last.ckpt").write_bytes((tmp_path / "last.ckpt").read_bytes()[:5000])
    with pytest.raises(TrainingError, match="is not a checkpoint, or damaged"):
        run(recipe, data, tmp_path, resume=True)


def test_finetuning_begins_where_the_model_is(data: Path, tmp_path: Path) -> None:
    recipe = short("parcnet", 4, steps=12)
    recipe = replace(recipe, validation=replace(recipe.validation, clips=0))
    model = run(recipe, data, tmp_path / "first").model
    first = scores(tmp_path / "first", "loss")
    fine = run(recipe, data, tmp_path / "fine", finetune=model, steps=4)
    found = scores(tmp_path / "fine", "loss")
    assert found[0] == pytest.approx(min(first.values()), rel=1e-5)  # the best weights
    assert fine.model.is_file()
    model.with_suffix(".npz").unlink()
    with pytest.raises(
        TrainingError, match=r"parcnet.onnx: has no weight .*keep the .npz that plcd train wrote beside it"
    ):
        run(recipe, data, tmp_path / "none", finetune=model)
    run(recipe, data, tmp_path / "more", init=tmp_path / "first" / "last.ckpt", steps=1)
    assert scores(tmp_path / "more", "loss")[0] == pytest.approx(first[12], rel=1e-5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"nonsense", "is not an ONNX file"),
        ("lite", "not a network of this recipe"),
    ],
)
def test_a_wrong_file_to_start_from_is_told(
    content: bytes | str | None, message: str, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "start.onnx"
    if content == "lite":
        file = tmp_path / "start.npz"
        save_weights(file, torch.nn.Linear(3, 3), {})
    elif isinstance(content, bytes):
        file.write_bytes(content)
    with pytest.raises(TrainingError, match=message) as caught:
        run(short("parcnet"), data, tmp_path / "out", finetune=file)
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_the_last_checkpoint_and_says_so(data: Path, tmp_path: Path) -> None:
    """Files may grow to 2 MB only, which the kernel enforces as it does a full disk's end: the checkpoint has 5 MB."""
    code = """
import resource, sys
sys.path.insert(0, sys.argv[3])
from dataclasses import replace
from pathlib import Path
from test_train import run, short
recipe = short("parcnet", 2, every=2, loss="parcnet")
recipe = replace(recipe, validation=replace(recipe.validation, clips=0, every=2))
data, out = Path(sys.argv[1]), Path(sys.argv[2])
run(replace(recipe, steps=2), data, out)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
run(replace(recipe, steps=4), data, out, resume=True)
"""
    command = [sys.executable, "-c", code, str(data), str(tmp_path), str(Path(__file__).parent)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert "TrainingError" in ended.stderr
    assert "last.ckpt: cannot be written: File too large; the last good one is kept" in ended.stderr
    assert "free some space, then go on from the last good one with --resume" in ended.stderr
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["plcd"]["done"] == 2
    assert not list(tmp_path.glob(".*.part"))
