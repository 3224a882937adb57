"""The framing of magnitudes, against the definition in docs/models.md written out plainly."""

from typing import Any

import numpy as np
import pytest
import tiny_models as tiny
from numpy.typing import NDArray

from plcd.core.refiner import Block, Signal
from plcd.neural.errors import ModelError
from plcd.neural.loading import make_network

RNG = np.random.default_rng(5)
STFTS = [{"size": 64, "hop": 16}, {"size": 511, "hop": 16}, {"size": 128, "hop": 60}]


def block(values: dict[str, Any], level: float = 0.1) -> Block:
    past, prediction, innovation = (
        (level * RNG.standard_normal(size)).astype(np.float32)
        for size in (values["context"], values["horizon"], values["horizon"])
    )
    return Block(past, np.ones(past.size, np.bool_), prediction, innovation, 0, 44_100)


def defined(values: dict[str, Any], shown: Block, refine: Any) -> NDArray[np.float64]:
    """``made`` samples: the transform of all, ``refine`` on all root magnitudes over the scale, and the way back."""
    size, hop = values["stft"]["size"], values["stft"]["hop"]
    prediction = shown.prediction + values["noise"] * shown.innovation
    frame = np.concatenate((shown.past, prediction)).astype(np.float64)
    scale = values["scale"]["value"]
    if values["scale"]["kind"] == "rms":
        scale *= np.sqrt(max(np.sqrt(np.mean(np.square(shown.past.astype(np.float64)))), 1e-5))
    padded = np.pad(frame, size // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    wave, envelope = np.zeros(padded.size), np.zeros(padded.size)
    for start in range(0, padded.size - size + 1, hop):
        spectrum = np.fft.rfft(window * padded[start : start + size])
        root = refine(np.sqrt(np.abs(spectrum)) / scale)
        made = np.square(root * scale) * np.exp(1j * np.angle(spectrum))
        wave[start : start + size] += window * np.fft.irfft(made, size)
        envelope[start : start + size] += np.square(window)
    first = size // 2 + values["context"]
    return (wave / np.maximum(envelope, 1e-12))[first : first + values["made"]]


@pytest.mark.parametrize("stft", STFTS)
@pytest.mark.parametrize("scale", [{"kind": "fixed", "value": 3.5}, {"kind": "rms", "value": 14}])
@pytest.mark.parametrize("sizes", [(1024, 1024, 768), (1500, 700, 700), (600, 512, 512)])
@pytest.mark.parametrize("noise", [0, 0.5])
def test_what_it_gives_is_what_is_defined(
    stft: dict[str, int], scale: dict[str, Any], sizes: tuple[int, int, int], noise: float
) -> None:
    context, horizon, made = sizes
    values = tiny.magnitude_values(
        context=context, horizon=horizon, made=made, stft=stft | {"window": "hann"}, scale=scale, noise=noise
    )
    network = make_network(tiny.bent_magnitude(values))
    shown = block(values)
    result = network.refine(shown)
    assert result is not None
    assert result.dtype == np.float32
    assert result == pytest.approx(defined(values, shown, lambda root: np.abs(root - 0.05)), abs=1e-5)


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_two_stages_give_the_same_and_the_first_can_be_done_before(factor: float) -> None:
    values = tiny.magnitude_values()
    shown, other = block(values), block(values)
    one, two = (make_network(make(factor)) for make in (tiny.magnitude, tiny.staged_magnitude))
    expected = one.refine(shown)
    assert expected == pytest.approx(factor**2 * shown.prediction[: one.made], abs=1e-6)
    assert two.refine(shown) == pytest.approx(expected, abs=1e-6)
    assert two.look(shown.past)
    assert not two.look(shown.past)
    assert two.look(other.past)
    for past in (shown, other):
        assert two.refine(past) == pytest.approx(one.refine(past), abs=1e-6)


def test_what_was_looked_at_is_used() -> None:
    network = make_network(tiny.staged_magnitude())
    shown = block(tiny.magnitude_values())
    assert network.look(shown.past)
    network._looked[0][1].feeds["state_0_in"][:] = np.nan
    result = network.refine(shown)
    assert result is not None
    assert np.isnan(result).all()


def test_silence_stays_silence() -> None:
    for scale in ({"kind": "fixed", "value": 3.5}, {"kind": "rms", "value": 14}):
        network = make_network(tiny.magnitude(0.7, scale=scale))
        silence: Signal = np.zeros(1024, dtype=np.float32)
        result = network.refine(Block(silence, np.ones(1024, np.bool_), silence, silence, 0, 44_100))
        assert result is not None
        assert not result.any()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stft": None}, "lacks 'stft'"),
        ({"stft": {"size": 64, "hop": 16, "window": "kaiser"}}, "window 'hann'"),
        ({"stft": {"size": 64, "hop": 33, "window": "hann"}}, "'hop' must be a whole number from 1 to 32"),
        ({"scale": {"kind": "none"}}, "'scale' must be fixed or rms"),
        ({"scale": {"kind": "fixed", "value": 0}}, "'value' must be a number"),
        ({"context": 63, "stft": {"size": 64, "hop": 16, "window": "hann"}}, "at least the 'size'"),
        ({"horizon": 1000}, "'magnitude' must have shape 1x1x33x127, not 1x1x33x129"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        make_network(tiny.magnitude_of(tiny.magnitude_values(), tiny.magnitude_values(**changes)))


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [
        (None, "'frames' must say first and end of 'known'"),
        (
            {"known": [0, 64], "recent": [63, 129], "refined": [61, 129]},
            "first and end of 'known', within 0..63",
        ),
        ({"known": [0, 63], "recent": [63, 130], "refined": [61, 129]}, "'recent', within 0..129"),
        ({"known": [1, 63], "recent": [63, 129], "refined": [61, 129]}, "'known' must have shape"),
        ({"known": [0, 63], "recent": [63, 129], "refined": [60, 128]}, "all from 63 to 129"),
        ({"known": [0, 63], "recent": [63, 129], "refined": [64, 129]}, "must have shape"),
        ({"known": [0, True], "recent": [63, 129], "refined": [61, 129]}, "'known'"),
    ],
)
def test_ranges_of_frames_that_do_not_fit_are_refused(ranges: object, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        make_network(tiny.staged_magnitude(frames=ranges))
