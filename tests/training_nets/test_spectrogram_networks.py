"""The six networks that repair spectrograms: what they are made of, what they learn from, and that they learn it."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch", reason="training needs PyTorch: make test-train")
pytest.importorskip("lightning")
pytest.importorskip("soxr")
pytest.importorskip("onnxruntime")

from plcd.neural.patches import FRAMES, PATCH, between, picture  # noqa: E402
from plcd.neural.spectrogram import load_network  # noqa: E402
from plcd.training.data.clips import Clips  # noqa: E402
from plcd.training.data.collection import find_recordings  # noqa: E402
from plcd.training.data.deletion import Deletion  # noqa: E402
from plcd.training.data.patches import GapMaker  # noqa: E402
from plcd.training.errors import TrainingError  # noqa: E402
from plcd.training.export.spectrogram import export_spectrogram  # noqa: E402
from plcd.training.judging import judged  # noqa: E402
from plcd.training.networks.bridging import bridge, holding  # noqa: E402
from plcd.training.networks.res_u_net import Attention, UNet  # noqa: E402
from plcd.training.recipe import Recipe, read_recipe  # noqa: E402
from plcd.training.run import Options, train  # noqa: E402
from plcd.training.tasks.make import make_network, make_task  # noqa: E402
from plcd.training.tasks.spectrogram import reference  # noqa: E402

SIX = ("u-net", "attention-u-net", "u-net-v2", "res-u-net", "attention-res-u-net", "res-u-net-v2")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chords that change and decay, three seconds each, never silent."""
    folder = tmp_path_factory.mktemp("chords")
    for number in range(6):
        time = np.arange(3 * 22_050) / 22_050
        wave = sum(
            np.sin(2 * np.pi * hz * (1 + number / 7) * time + number) * np.exp(-(time % 0.5))
            for hz in (110, 220, 330, 550, 4500)
        )
        wave = wave + np.random.default_rng(number).normal(0, 0.01, time.size)
        soundfile.write(folder / f"chord{number}.wav", 0.1 * wave, 22_050)
    return folder


def small(name: str, **changes: Any) -> Recipe:
    recipe = read_recipe(name)
    return replace(
        recipe,
        batch=4,
        network=recipe.network | {"width": 4, "most": 16},
        data=replace(recipe.data, clips=6, rounds=2, batches=6),
        validation=replace(recipe.validation, every=6, batches=1, clips=6),
        **changes,
    )


@pytest.mark.parametrize("name", SIX)
def test_each_has_eleven_blocks_and_gives_back_the_size_it_is_given(name: str) -> None:
    network = make_network(small(name)).eval()
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert len(norms) == 11
    assert {norm.eps for norm in norms} == {1e-3}
    pools = [module for module in network.modules() if isinstance(module, torch.nn.MaxPool2d)]
    assert len(pools) == (0 if "v2" in name else 5)
    assert len([m for m in network.modules() if isinstance(m, Attention)]) == (
        5 if "attention" in name else 0
    )
    for frames in (128, 64):
        with torch.no_grad():
            made = network(torch.rand(2, 1, 128, frames))
        assert made.shape == (2, 1, 128, frames)
        assert (made >= 0).all()


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        ({"residual": True, "strided": True}, 1_022_665),
        ({"residual": True, "strided": False}, 829_285),
        ({"attention": True, "strided": False}, 873_030),
        ({"width": 32, "most": 512}, 17_290_049),
    ],
)
def test_parameters_are_counted(settings: dict[str, Any], parameters: int) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in UNet(**settings).parameters()) == parameters


@pytest.mark.parametrize("seed", range(8))
def test_bridges_are_lines_of_roots_between_the_frames_that_hold_something(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = rng.random((2, 24, 32)).astype(np.float32)
    deleted = rng.random((2, 32)) < (0.2, 0.5, 0.8, 0.97)[seed % 4]
    given = torch.from_numpy(whole * ~deleted[:, None])[:, None]
    holds = holding(given)
    assert np.array_equal(holds[:, 0, 0].numpy() > 0, ~deleted)
    drawn = bridge(given, holds)[:, 0].numpy()
    for one, truth, gone in zip(drawn, whole, deleted, strict=True):
        wanted = between(np.sqrt(truth), gone) ** 2 * (not gone.all())
        np.testing.assert_allclose(one, wanted, atol=1e-6)


def test_a_bridged_network_begins_as_lines_and_is_told_which_frames_were_empty() -> None:
    torch.manual_seed(0)
    network = UNet(4, 16, bridged=True).eval()
    shown = torch.rand(1, 1, 128, 128)
    shown[..., 40:60] = 0
    seen: list[Any] = []
    network.down[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        assert torch.allclose(network(shown), bridge(shown, holding(shown)), atol=1e-6)
    assert torch.equal(seen[0][0, 1, 7] == 0, shown.sum((0, 1, 2)) == 0)


def test_what_is_subtracted_is_the_only_difference_between_res_and_plain() -> None:
    torch.manual_seed(0)
    plain = UNet(4, 16, residual=False).eval()
    res = UNet(4, 16, residual=True).eval()
    res.load_state_dict(plain.state_dict())
    shown = torch.rand(1, 1, 128, 128)
    with torch.no_grad():
        assert torch.allclose(res.answer(shown), shown - plain.answer(shown))


def test_the_attention_weighs_what_comes_from_the_way_down_place_by_place() -> None:
    torch.manual_seed(0)
    attention = Attention(3)
    skip, up = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        weighed = attention(skip, up)
        mapped = attention.skip(skip)
        ratio = weighed / mapped
        assert torch.allclose(ratio, ratio[:, :1].expand_as(ratio), atol=1e-5)
        assert (ratio > 0).all()
        assert (ratio < 1).all()
        up[..., 4, 4] += 5
        moved = (attention(skip, up) - weighed).abs().sum(1)[0]
    assert moved[4, 4] > 0
    assert moved.sum() == moved[4, 4]


@pytest.mark.parametrize("power", [1.0, 0.5, 0.7])
def test_louder_music_gets_the_same_answer_louder(power: float) -> None:
    torch.manual_seed(0)
    network = UNet(4, 16, power=power).eval()
    shown = torch.rand(1, 1, 128, 128)
    shown[..., 40:60] = 0
    with torch.no_grad():
        assert torch.allclose(network(100 * shown), 100 * network(shown), rtol=1e-3, atol=1e-2)
        scale = network.scale(shown)
        assert float(scale) == pytest.approx(
            float(shown[..., shown.sum((0, 1, 2)) > 0].square().mean().sqrt())
        )
        assert torch.isfinite(network(torch.zeros_like(shown))).all()


def test_weights_begin_as_glorots() -> None:
    torch.manual_seed(0)
    weight = UNet(32, 512).bottom[0].weight.detach()
    assert float(weight.abs().max()) == pytest.approx((6 / (2 * 512 * 9)) ** 0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 0}, r"width 0 must lie in 1..most"),
        ({"power": 2.0}, "power 2"),
        ({"depth": 3}, "unexpected keyword argument 'depth'"),
        ({"kind": "bin2bin"}, "kind must be u-net|unexpected keyword"),
    ],
)
def test_settings_that_make_no_network_are_told(settings: dict[str, Any], message: str) -> None:
    recipe = small("res-u-net-v2")
    with pytest.raises(TrainingError, match=message):
        make_task(replace(recipe, network=recipe.network | settings))


def test_data_that_hold_no_patch_are_told() -> None:
    recipe = small("res-u-net-v2")
    with pytest.raises(TrainingError, match=r"rate must be 16000 and clip_s 0.524 or more"):
        make_task(replace(recipe, data=replace(recipe.data, clip_s=0.5)))
    with pytest.raises(TrainingError, match=r"has the losses mse and log_mse"):
        make_task(replace(recipe, losses={"mse": {"mae": 1.0}}))


def test_a_patch_is_shown_without_what_is_missing(data: Path) -> None:
    """Deleted frames are empty and the others as they were; cut samples spoil the frames that they touch, and only those."""
    recordings = tuple(find_recordings([(data, 1.0)], 0.5, print))
    maker = GapMaker(Clips(recordings, 16_000, 2.1), 0, Deletion(cut_share=0.5, whole_share=0.0))
    made = maker(3, print)
    assert made["wave"].shape == (4, PATCH)
    again = maker(3, print)
    assert all(np.array_equal(made[name], again[name]) for name in made)
    task: Any = make_task(small("res-u-net-v2"))
    batch = {name: torch.from_numpy(values.astype(np.float32)) for name, values in made.items()}
    given, truth = (pictures[:, 0].numpy() for pictures in task.pictures(batch))
    assert np.allclose(truth[0], picture(made["wave"][0].astype(np.float64)), atol=1e-6)
    kinds = set()
    for one, whole, cut, deleted in zip(given, truth, made["cut"], made["deleted"], strict=True):
        if deleted.any():
            kinds.add("deleted")
            assert not one[:, deleted].any()
            assert np.array_equal(one[:, ~deleted], whole[:, ~deleted])
        else:
            kinds.add("cut")
            touched = np.array([cut[t * 64 : t * 64 + 256].any() for t in range(FRAMES)])
            gone = np.array([cut[t * 64 : t * 64 + 256].all() for t in range(FRAMES)])
            assert not one[:, gone].any()
            assert np.allclose(one[:, ~touched], whole[:, ~touched], atol=1e-6)
            assert not np.allclose(one[:, touched], whole[:, touched], atol=1e-4)
    assert kinds == {"deleted", "cut"}


def test_the_loss_counts_each_patch_by_its_own_level(data: Path) -> None:
    """A patch whose loud part was deleted does not outweigh all others."""
    task: Any = make_task(small("u-net"))
    task.eval()
    rng = np.random.default_rng(0)
    wave = rng.normal(0, 0.001, (2, PATCH))
    wave[1, : PATCH // 2] *= 1000
    batch = {
        "wave": torch.from_numpy(wave.astype(np.float32)),
        "cut": torch.zeros(2, PATCH),
        "deleted": torch.zeros(2, FRAMES),
    }
    batch["deleted"][1, : FRAMES // 2] = 1
    with torch.no_grad():
        for weight in task.network.last.parameters():
            weight.zero_()
        assert float(task.losses(batch)["mse"]) == pytest.approx(1.0)


def test_what_is_judged_is_the_same_music_twice_and_never_silent(data: Path) -> None:
    recordings = tuple(find_recordings([(data, 1.0)], 0.5, print))
    patches = judged(Clips(recordings, 16_000, 2.1), 5, Deletion(), print)
    assert [len(patches[kind]) for kind in ("block", "blocks")] == [5, 5]
    for (one, whole), (other, parts) in zip(patches["block"], patches["blocks"], strict=True):
        assert np.array_equal(one, other)
        assert np.flatnonzero(np.diff(whole.astype(int))).size <= 2
        assert abs(int(whole.sum()) - int(parts.sum())) < 8
    found = reference(patches)
    assert found["lines_psnr_db_blocks"] > found["given_psnr_db_blocks"] + 3
    truth, deleted = patches["block"][0]
    assert np.array_equal(between(truth, deleted)[:, ~deleted], truth[:, ~deleted])


def scores(out: Path, figure: str) -> dict[int, float]:
    with (out / "scores.csv").open(encoding="utf-8") as file:
        return {
            int(row["step"]): float(row["value"]) for row in csv.DictReader(file) if row["figure"] == figure
        }


def run(recipe: Recipe, data: Path, out: Path, **options: Any) -> Any:
    return train(Options(recipe=recipe, data=(str(data),), out=out, workers=0, threads=1, **options))


@pytest.mark.parametrize("name", SIX)
def test_each_learns_and_its_file_gives_what_it_gives(name: str, data: Path, tmp_path: Path) -> None:
    result = run(small(name), data, tmp_path, steps=18)
    found, nrmse = scores(tmp_path, "loss"), scores(tmp_path, "nrmse")
    assert set(found) == {0, 6, 12, 18}
    assert found[18] < found[0]
    assert nrmse[18] < nrmse[0]
    check_file(result.model, name)


def test_a_bridged_one_learns_edges_that_lines_cannot_know(data: Path, tmp_path: Path) -> None:
    name = "res-u-net-v2-bridged"
    cuts = replace(read_recipe(name).deletion, cut_share=1.0, whole_share=0.0)
    result = run(small(name, deletion=cuts), data, tmp_path, steps=42)
    losses = scores(tmp_path, "loss")
    assert losses[42] < losses[0]
    check_file(result.model, name)


def check_file(model: Path, name: str) -> None:
    """The file gives what the network gives whose weights lie beside it."""
    assert model.name == f"{name}.onnx"
    network, _ = load_network(model)
    assert network.values["recipe"] == name
    task: Any = make_task(small(name))
    with np.load(model.with_suffix(".npz")) as stored:
        task.network.load_state_dict(
            {key: torch.from_numpy(stored[key]) for key in stored.files if key != "plcd"}, strict=False
        )
    damaged = np.abs(np.random.default_rng(1).normal(0, 0.1, (128, 128)))
    damaged[:, 30:50] = 0
    with torch.no_grad():
        wanted = task.network.eval()(torch.from_numpy(damaged.astype(np.float32))[None, None])[0, 0].numpy()
    assert np.allclose(network.repair(damaged), wanted, atol=1e-4)


def test_one_that_was_interrupted_goes_on_exactly(data: Path, tmp_path: Path) -> None:
    recipe = small("res-u-net-v2")
    run(recipe, data, tmp_path / "whole", steps=12)
    run(replace(recipe, steps=12), data, tmp_path / "parts", max_minutes=1e-9)
    run(recipe, data, tmp_path / "parts", steps=12, resume=True)
    ends = [
        torch.load(tmp_path / name / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("whole", "parts")
    ]
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])
    assert scores(tmp_path / "parts", "psnr_db")[12] == scores(tmp_path / "whole", "psnr_db")[12]


def test_weights_that_are_not_finite_are_not_exported(tmp_path: Path) -> None:
    network = UNet(4, 16)
    with torch.no_grad():
        network.last.bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"last.bias of the network is not finite"):
        export_spectrogram(network, {}, tmp_path / "x.onnx", torch.rand(1, 1, 128, 128))
    assert not (tmp_path / "x.onnx").exists()
