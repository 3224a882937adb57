"""The testbed of the codec loss: its network, what it learns from, and every loss of it."""

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch", reason="training needs PyTorch: make test-train")
pytest.importorskip("lightning")
pytest.importorskip("soxr")

from plcd.training.codec.autoencoder import Autoencoder  # noqa: E402
from plcd.training.codec.nets import MagnitudeCodec, TimeCodec  # noqa: E402
from plcd.training.codec.patches import band_limited, cut_frames  # noqa: E402
from plcd.training.data.collection import find_recordings  # noqa: E402
from plcd.training.errors import TrainingError  # noqa: E402
from plcd.training.losses.stft_l1 import StftL1  # noqa: E402
from plcd.training.recipe import Recipe, read_recipe  # noqa: E402
from plcd.training.run import Options, train  # noqa: E402
from plcd.training.tasks.make import make_task  # noqa: E402
from plcd.training.weights import save_weights  # noqa: E402

PATCH = 16_896
"""Samples: the fewest that the magnitude net needs; 66 of the network's steps."""


def tone(hz: float, samples: int = PATCH, rate: int = 16_000) -> np.ndarray[Any, np.dtype[np.float32]]:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(samples) / rate)).astype(np.float32)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chords that change, three seconds each."""
    folder = tmp_path_factory.mktemp("chords")
    for number in range(6):
        time = np.arange(3 * 22_050) / 22_050
        wave = sum(
            np.sin(2 * np.pi * hz * (1 + number / 7) * time + number) * np.exp(-(time % 0.5) * 3)
            for hz in (110, 220, 330, 550, 4500)
        )
        soundfile.write(folder / f"chord{number}.wav", 0.1 * wave, 22_050)
    return folder


@pytest.fixture(scope="module")
def ears(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small nets, untrained: they hear something."""
    folder = tmp_path_factory.mktemp("ears")
    torch.manual_seed(0)
    nets = {
        "codec-magnitude": MagnitudeCodec(2),
        "codec-time": TimeCodec(2),
    }
    for task, net in nets.items():
        save_weights(folder / f"{task}.npz", net, {"task": task, "network": {"filters": 2}})
    return {task: folder / f"{task}.npz" for task in nets}


def small(loss: str = "a", patch: int = PATCH) -> Recipe:
    recipe = read_recipe("codec-testbed")
    return replace(
        recipe,
        batch=2,
        loss=loss,
        data=replace(recipe.data, patch=patch, clips=4, rounds=2, batches=4),
        validation=replace(recipe.validation, every=4, batches=1, clips=3),
    )


def test_the_bottleneck_has_half_as_many_numbers_as_the_input() -> None:
    network = Autoencoder()
    for samples, steps in ((66_048, 258), (16_384, 64)):
        wave = torch.rand(2, samples) - 0.5
        with torch.no_grad():
            code, made = network.encode(wave), network(wave)
        assert code.shape == (2, 128, steps)
        assert code.numel() == wave.numel() // 2
        assert made.shape == wave.shape
        assert made.abs().max() < 1


def test_it_has_the_papers_layers() -> None:
    network = Autoencoder()
    assert [block.out_channels for block in network.down] == [12, 24, 36, 48, 60, 72, 84, 128]
    assert [block.in_channels for block in network.up] == [128, 84, 72, 60, 48, 36, 24, 12]
    assert {block.kernel_size for block in (*network.down, *network.up)} == {(9,)}


def test_it_begins_linear_and_gives_back_some_of_what_it_is_given() -> None:
    """The way up is the transpose of the way down, so the whole is symmetric and makes nothing louder."""
    torch.manual_seed(0)
    network = Autoencoder()
    one, other = 0.001 * torch.randn(2, 1, 4096)
    with torch.no_grad():
        made, else_made, both = network(one), network(other), network(one + other)
    assert torch.allclose(both, made + else_made, atol=1e-6)
    assert float((other * made).sum()) == pytest.approx(float((one * else_made).sum()), rel=1e-3)
    assert 0.05 * one.square().sum() < (one * made).sum() < one.square().sum()
    assert made.norm() < one.norm()


def test_each_sample_is_made_where_it_was() -> None:
    """One weight for each layer that passes its even samples: every 256th comes back in place."""
    network = Autoencoder()
    with torch.no_grad():
        for block in (*network.down, *network.up):
            block.weight.zero_()
            block.weight[0, 0, 4] = 1.0
        wave = torch.rand(1, 2048) * 0.01
        assert torch.allclose(network(wave)[:, ::256], torch.tanh(wave[:, ::256]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernel": 8}, "kernel 8 odd"),
        ({"bottleneck": 1.5}, "bottleneck 1.5 in 0..1"),
        ({"filters": 3}, "not all even"),
        ({"depth": 3}, "unexpected keyword argument 'depth'"),
    ],
)
def test_settings_that_make_no_network_are_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        make_task(replace(small(), network=settings))


def test_a_length_that_would_shift_is_refused() -> None:
    with pytest.raises(ValueError, match="1000 samples are no multiple of 256"):
        Autoencoder()(torch.zeros(1, 1000))
    with pytest.raises(TrainingError, match="patch a multiple of 256"):
        make_task(small(patch=1000))


@pytest.mark.parametrize(("hz", "gain"), [(200, 1), (2500, 1), (3300, 0), (7000, 0)])
def test_what_it_learns_from_ends_at_3_khz_and_is_not_delayed(hz: float, gain: int) -> None:
    wave = tone(hz)
    inner = slice(2000, -2000)
    assert band_limited(wave).shape == wave.shape
    assert np.allclose(band_limited(wave)[inner], gain * wave[inner], atol=2e-3)


def test_frames_follow_each_other_without_overlap(tmp_path: Path) -> None:
    """Of a rising tone: each frame is the next stretch of what was played, and ends are left out."""
    seconds, rate, size = 3.4, 44_100, 16_000
    time = np.arange(round(seconds * rate)) / rate
    wave = 0.3 * np.sin(2 * np.pi * (200 + 100 * time) * time)
    soundfile.write(tmp_path / "rising.wav", wave, rate, subtype="FLOAT")
    recordings = tuple(find_recordings([(tmp_path, 1.0)], 0.5, print))
    frames = cut_frames(recordings, size, 10, print)
    assert len(frames) == 3
    at_16 = np.arange(3 * size) / 16_000
    wanted = 0.3 * np.sin(2 * np.pi * (200 + 100 * at_16) * at_16)
    assert np.allclose(np.concatenate(frames)[500:], wanted[500:], atol=2e-3)
    assert len(cut_frames(recordings, size, 2, print)) == 2
    (short,) = cut_frames(recordings, 66_048, 10, print)
    assert short.shape == (66_048,)
    assert not short[55_000:].any()


def test_silence_is_not_judged(tmp_path: Path) -> None:
    both = np.concatenate((tone(300, 22_050, 22_050), np.zeros(44_100, np.float32)))
    soundfile.write(tmp_path / "ends.wav", both, 22_050)
    recordings = tuple(find_recordings([(tmp_path, 1.0)], 0.5, print))
    assert len(cut_frames(recordings, 8192, 10, print)) == 2
    with pytest.raises(TrainingError, match="only silence was found"):
        cut_frames((replace(recordings[0], start=40_000),), 8192, 10, print)


def test_magnitudes_are_compared_as_the_codec_net_sees_them() -> None:
    wave = torch.from_numpy(tone(1000))[None]
    assert float(StftL1()(wave, wave)) == 0
    assert float(StftL1()(-wave, wave)) == pytest.approx(0, abs=1e-7)  # no phase
    whole = float(MagnitudeCodec(2).magnitudes(wave).mean())
    assert float(StftL1()(0.5 * wave, wave)) == pytest.approx(whole / 2, rel=0.01)


@pytest.mark.parametrize(
    ("loss", "ear", "terms"),
    [
        ("a", None, ["waveform_l1"]),
        ("b", None, ["waveform_l1", "stft_l1"]),
        ("c", "codec-magnitude", ["waveform_l1", "codec_prediction", "codec_feature"]),
        ("d", "codec-time", ["codec_prediction", "codec_feature"]),
    ],
)
def test_every_loss_is_computed_and_moves_every_layer(
    loss: str, ear: str | None, terms: list[str], ears: dict[str, Path]
) -> None:
    task = make_task(small(loss), ears[ear] if ear else None)
    wave = torch.from_numpy(np.stack([tone(300), tone(700)]))
    losses = task.losses({"wave": wave})
    assert list(losses) == terms
    assert all(float(value.detach()) > 0 for value in losses.values())
    task.total(losses).backward()
    assert all(weight.grad.abs().sum() > 0 for weight in task.network.parameters())
    if ear:
        assert not any(weight.requires_grad for weight in task.ear.parameters())


def test_model_d_learns_from_what_its_net_was_made_for(ears: dict[str, Path]) -> None:
    task = make_task(small("d"), ears["codec-time"])
    wave = torch.from_numpy(tone(300))[None]
    other = wave.clone()
    other[:, 16_384:] = 0
    first, second = (task.losses({"wave": sound}) for sound in (wave, other))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_an_ear_that_does_not_fit_is_told(ears: dict[str, Path]) -> None:
    with pytest.raises(
        TrainingError, match=r"loss c hears with a net.*plcd train codec-magnitude --data DIR"
    ):
        make_task(small("c"))
    with pytest.raises(TrainingError, match=r"loss d hears with a net.*plcd train codec-time --data DIR"):
        make_task(small("d"))
    with pytest.raises(TrainingError, match=r"loss c, beside waveform_l1, hears with .* codec-magnitude"):
        make_task(small("c"), ears["codec-time"])
    with pytest.raises(TrainingError, match=r"loss d, without waveform_l1, hears with .* codec-time"):
        make_task(small("d"), ears["codec-magnitude"])
    with pytest.raises(TrainingError, match=r"loss 'wave': one of waveform_l1, stft_l1"):
        make_task(replace(small(), losses={"a": {"wave": 1.0}}))


def test_the_snr_is_a_mean_over_frames() -> None:
    task: Any = make_task(small())
    frames = [tone(300), tone(900), 0.1 * tone(500)]
    with torch.no_grad():
        made = task.network(torch.from_numpy(np.stack(frames))).numpy()
    wanted = [
        10 * math.log10(float(np.sum(x.astype(float) ** 2) / np.sum((y - x).astype(float) ** 2)))
        for x, y in zip(frames, made, strict=True)
    ]
    assert task.snr_db(frames) == pytest.approx(np.mean(wanted), abs=1e-3)


def scores(out: Path, figure: str) -> dict[int, float]:
    with (out / "scores.csv").open(encoding="utf-8") as file:
        return {
            int(row["step"]): float(row["value"]) for row in csv.DictReader(file) if row["figure"] == figure
        }


def run(recipe: Recipe, data: Path, out: Path, **options: Any) -> Any:
    return train(Options(recipe=recipe, data=(str(data),), out=out, workers=0, threads=1, **options))


def test_it_learns_and_is_judged_by_snr_and_goes_on_exactly(data: Path, tmp_path: Path) -> None:
    recipe = small(patch=8192)
    whole = run(recipe, data, tmp_path / "whole", steps=16)
    loss, snr = scores(tmp_path / "whole", "loss"), scores(tmp_path / "whole", "snr_db")
    assert set(snr) == set(range(0, 17, 4))
    assert loss[16] < 0.9 * loss[0]
    assert max(snr.values()) > snr[0] + 1
    assert whole.model.name == "codec-testbed.npz"
    with np.load(whole.model) as stored:
        assert stored["down.7.weight"].shape == (128, 84, 9)
    run(recipe, data, tmp_path / "parts", steps=8)
    run(recipe, data, tmp_path / "parts", steps=16, resume=True)
    assert scores(tmp_path / "parts", "snr_db") == snr
    ends = [
        torch.load(tmp_path / name / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("whole", "parts")
    ]
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])
