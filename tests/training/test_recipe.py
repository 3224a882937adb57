"""Recipes: all that ship can be read, and a mistake in one is named."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from plcd.training.errors import TrainingError
from plcd.training.recipe import parse_recipe, read_recipe, recipe_names

TEXT = (files("plcd.training") / "recipes" / "parcnet.toml").read_text("utf-8")


def test_those_that_are_promised_ship() -> None:
    assert set(recipe_names()) >= {
        "bin2bin-full",
        "bin2bin-lite",
        "bin2bin-lite-paper",
        "codec-magnitude",
        "codec-testbed",
        "codec-time",
        "hybrid",
        "parcnet",
        "parcnet-paper",
    }


@pytest.mark.parametrize("name", recipe_names())
def test_each_can_be_read_and_says_what_it_is(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.about
    assert recipe.weights


@pytest.mark.parametrize("name", ["bin2bin-lite", "bin2bin-full", "bin2bin-lite-paper"])
def test_bin2bin_frames_are_256_bins_by_256_frames(name: str) -> None:
    framing = read_recipe(name).framing
    assert framing is not None
    assert framing.size // 2 + 1 == 256
    assert 1 + (framing.context + framing.horizon) // framing.hop == 256


def test_the_papers_settings_are_the_papers() -> None:
    for name in ("bin2bin-lite-paper", "parcnet-paper"):
        assert read_recipe(name).data.predictor == "lpc:128/3584"
    lite = read_recipe("bin2bin-lite-paper")
    assert (lite.batch, lite.optimiser.kind, lite.optimiser.rate, lite.critic_every) == (16, "adam", 2e-4, 10)
    assert lite.weights == {"adversarial": 1.0, "spectral_convergence": 10.0, "log_magnitude": 10.0}
    parcnet = read_recipe("parcnet-paper")
    assert (parcnet.batch, parcnet.optimiser.kind, parcnet.optimiser.betas) == (128, "radam", (0.5, 0.9))


def test_the_testbed_is_the_codec_papers_with_its_four_losses() -> None:
    recipe = read_recipe("codec-testbed")
    assert (recipe.codec, recipe.testbed) == (True, True)
    assert recipe.network == {"filters": 12, "layers": 8, "kernel": 9, "bottleneck": 0.5}
    assert (recipe.batch, recipe.optimiser.rate, recipe.optimiser.decay) == (32, 1e-3, 5e-6)
    assert (recipe.data.rate, recipe.data.patch) == (16_000, 66_048)
    assert {name: set(terms) for name, terms in recipe.losses.items()} == {
        "a": {"waveform_l1"},
        "b": {"waveform_l1", "stft_l1"},
        "c": {"waveform_l1", "codec_prediction", "codec_feature"},
        "d": {"codec_prediction", "codec_feature"},
    }
    assert not read_recipe("codec-magnitude").testbed


def test_the_six_networks_of_res_u_net_differ_in_what_their_names_say() -> None:
    six = {
        name: read_recipe(name)
        for name in (
            "u-net",
            "attention-u-net",
            "u-net-v2",
            "res-u-net",
            "attention-res-u-net",
            "res-u-net-v2",
        )
    }
    for name, recipe in six.items():
        assert recipe.spectrogram
        assert not recipe.conceals
        assert recipe.network["residual"] == ("res" in name)
        assert recipe.network["attention"] == ("attention" in name)
        assert recipe.network["strided"] == ("v2" in name)
        assert (recipe.optimiser.rate, recipe.optimiser.betas, recipe.optimiser.epsilon) == (
            1e-3,
            (0.9, 0.999),
            1e-7,
        )
        assert (recipe.deletion.least, recipe.deletion.most) == (0.1, 0.7)
    same = [replace(recipe, network={}, name="", about="") for recipe in six.values()]
    assert all(recipe == same[0] for recipe in same)
    paper = read_recipe("res-u-net-v2-paper")
    assert (paper.network["width"], paper.network["most"], paper.network["momentum"]) == (32, 512, 3e-4)
    assert paper.optimiser.schedule == "constant"


def test_a_file_is_a_recipe_too(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(TEXT.replace("batch = 128", "batch = 7"))
    recipe = read_recipe(str(tmp_path / "mine.toml"))
    assert (recipe.name, recipe.batch) == ("mine", 7)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("batch = 128", "bach = 128", "unknown key 'bach'; did you mean 'batch'?"),
        ("batch = 128", "batch = 'many'", "batch: int is expected, not 'many'"),
        ("batch = 128", "batch = true", "batch: int is expected, not True"),
        ("batch = 128", "batch = 0", "batch must be at least 1, not 0"),
        ("batch = 128", "", "'batch' is missing"),
        ('task = "waveform"', 'task = "wave"', "task 'wave': one of magnitude, waveform"),
        ('kind = "radam"', 'kind = "sgd"', "kind 'sgd': one of adam, radam"),
        ('predictor = "best"', 'predictor = "worst"', "predictor 'worst': expected best, fast"),
        ('"bursts:1,12"', '"bursts:12"', "cannot read the loss 'bursts:12'"),
        ('loss = "tilt"', 'loss = "slope"', "loss 'slope': one of tilt"),
        ("past = 4096", "past = 100", "data.past (100) is less than framing.context (4096)"),
        ("past = 4096", "past = 10000000", "past must lie in 1..131072"),
        ("made = 640", "made = 2000", "made must lie in 1..horizon (768), not 2000"),
        ("betas = [0.5, 0.9]", "betas = [0.5]", "betas: two numbers"),
        ("betas = [0.5, 0.9]", "betas = 0.5", "betas: a list is expected"),
        ("[network]", "[network", "not TOML"),
        ("parcnet = 1.0\ntilt = 1.0", "parcnet = 'much'", "losses.tilt.parcnet: float is expected"),
        ('choose = "loss"', 'choose = "ear"', "choose 'ear': one of loss, zimtohrli"),
    ],
)
def test_a_mistake_is_named(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(TrainingError) as caught:
        parse_recipe(TEXT.replace(old, new, 1), "recipe x", "x")
    assert message in str(caught.value)
    assert str(caught.value).startswith("recipe x: ")
    assert "\n" not in str(caught.value)


def test_an_unknown_recipe_is_told_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no such recipe; there are .*bin2bin-full, bin2bin-lite"):
        read_recipe("bin3bin")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TrainingError, match="cannot be read"):
        read_recipe(str(tmp_path / "binary.toml"))
