"""A fit: reproducible, resumable, blind to what it is not shown; and the method around it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from plcd.restoration import methods  # noqa: E402
from plcd.restoration.deep_prior import restorer  # noqa: E402
from plcd.restoration.deep_prior.fitting import Fit, Settings, Step  # noqa: E402
from plcd.restoration.deep_prior.hidden import held_out, interpolated  # noqa: E402
from plcd.restoration.deep_prior.restorer import DeepPrior, fit  # noqa: E402
from plcd.restoration.deep_prior.spectrogram import Real  # noqa: E402
from plcd.restoration.errors import RestorationError  # noqa: E402
from plcd.restoration.restorer import Mask, Window  # noqa: E402

RATE = 4000
"""Frames of 512 samples: a step takes an eighth of a second."""
QUICK = Settings(hold_out=False)


def clip(seconds: float = 0.5) -> tuple[Real, Mask]:
    time = np.arange(round(seconds * RATE)) / RATE
    audio = sum(0.2 / k * np.sin(2 * np.pi * 220 * k * time) for k in range(1, 6))
    missing = np.zeros(time.size, bool)
    missing[900:1100] = True
    return np.asarray(audio), missing


def test_equal_seeds_give_equal_samples_and_others_do_not() -> None:
    audio, missing = clip()
    one, two, other = (fit(audio, missing, RATE, 3, Settings(seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.allclose(one[missing], other[missing])
    np.testing.assert_array_equal(one[~missing], audio[~missing])


def test_what_stands_in_the_gap_changes_nothing() -> None:
    audio, missing = clip()
    results = []
    for content in (0.0, 0.9, np.nan):
        shown = audio.copy()
        shown[missing] = content
        results.append(fit(shown, missing, RATE, 3))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])
    assert np.isfinite(results[0]).all()


def test_a_guided_fit_begins_with_what_leads_from_both_sides() -> None:
    audio, missing = clip()
    errors = {}
    for guided in (False, True):
        out = fit(audio, missing, RATE, 12, Settings(guided=guided))
        errors[guided] = np.square(out - audio)[missing].sum() / np.square(audio)[missing].sum()
    assert errors[True] < 0.1 < errors[False]


def test_the_guide_knows_nothing_of_what_is_held_out() -> None:
    audio, missing = clip(1.0)
    one = Fit(audio, missing, RATE, Settings())
    two = Fit(np.where(one.held_out, 0.9, audio), missing, RATE, Settings())
    assert torch.equal(one._input, two._input)


def test_what_is_held_out_is_not_learned_from() -> None:
    audio, missing = clip(1.0)
    one = Fit(audio, missing, RATE, Settings())
    assert one.held_out.sum() == missing.sum()
    assert not (one.held_out & missing).any()
    other = np.where(one.held_out, 0.9, audio)
    two = Fit(other, missing, RATE, Settings())
    said = torch.randn(one.target.shape, generator=torch.Generator().manual_seed(1), requires_grad=True)
    totals = [work.loss(said) + work.edges(said) for work in (one, two)]
    assert float(totals[0].detach()) == float(totals[1].detach())
    steps = [work.step() for work in (one, two)]
    assert steps[0].loss == steps[1].loss
    assert steps[0].held_out != steps[1].held_out


@pytest.mark.parametrize(("name", "steps"), [("harmonic", 15), ("multires", 15), ("unet", 80)])
def test_the_loss_falls(name: str, steps: int) -> None:
    audio, missing = clip()
    work = Fit(audio, missing, RATE, Settings(name, hold_out=False))
    losses = [work.step().loss for _ in range(steps)]
    assert min(losses[-5:]) < 0.7 * losses[0]


def test_a_resumed_fit_is_the_uninterrupted_one(tmp_path: Path) -> None:
    audio, missing = clip()
    whole = fit(audio, missing, RATE, 5)
    file = tmp_path / "kept" / "fit.ckpt"

    def stop(step: Step) -> None:
        if step.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(audio, missing, RATE, 5, on_step=stop, checkpoint=file)
    assert file.is_file()
    numbers: list[int] = []
    resumed = fit(audio, missing, RATE, 5, on_step=lambda s: numbers.append(s.number), checkpoint=file)
    assert numbers == [3, 4, 5]
    np.testing.assert_array_equal(resumed, whole)
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", None])
def test_a_checkpoint_that_cannot_be_used_is_begun_anew(tmp_path: Path, content: bytes | None) -> None:
    audio, missing = clip()
    file = tmp_path / "fit.ckpt"
    if content is None:
        torch.save({"done": 1}, file)
    else:
        file.write_bytes(content)
    np.testing.assert_array_equal(fit(audio, missing, RATE, 2, checkpoint=file), fit(audio, missing, RATE, 2))


def test_a_fit_ends_when_it_gets_no_better(monkeypatch: pytest.MonkeyPatch) -> None:
    audio, missing = clip()
    errors = iter([0.5, 0.4, 0.6, 0.6, 0.6, 0.6, 0.6])

    def judge(self: Fit) -> float:
        error = next(errors)
        if error < self.best:
            self.best, self.best_at, self._best_mean = error, self.done, self._normalised()
        return error

    monkeypatch.setattr(Fit, "_judge", judge)
    steps: list[int] = []
    fit(audio, missing, RATE, 100, on_step=lambda s: steps.append(s.number), patience=3)
    assert steps == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("clip", "chosen"),
    [
        ("1111111111..1111111111111111", "1111111111..1111111##1111111"),
        ("111111111111.11111", "11111#111111.11111"),
        ("11111..11111", "11111..11111"),  # too little is known on both sides
        ("....", "...."),
        ("1111", "1111"),
    ],
)
def test_held_out_samples_lie_amid_what_is_known(clip: str, chosen: str) -> None:
    found = held_out(np.array([mark == "." for mark in clip]), 4)
    assert "".join("#" if c else m for c, m in zip(found, clip, strict=True)) == chosen


def test_silence_is_filled_with_silence_at_once() -> None:
    missing = np.zeros(3000, bool)
    missing[100:300] = True
    np.testing.assert_array_equal(fit(np.zeros(3000), missing, RATE, 10**9), np.zeros(3000))


@pytest.mark.parametrize("place", ["start", "end", "all", "short"])
def test_gaps_at_the_edges(place: str) -> None:
    audio, missing = clip()
    if place == "short":
        audio, missing = audio[:60], missing[:60]
    missing[:] = False
    missing[
        {"start": slice(0, 150), "end": slice(-150, None), "all": slice(None), "short": slice(20, 40)}[place]
    ] = True
    out = fit(audio, missing, RATE, 2)
    assert out.shape == audio.shape
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(out[~missing], audio[~missing])


def window(channels: int) -> Window:
    audio, missing = clip()
    both = np.stack([audio * (1 + 0.5 * (c == 2)) for c in range(channels)], axis=1)
    both[missing] = 0.0
    return Window(both, missing, RATE)


def test_the_method_restores_each_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    real = restorer.fit
    monkeypatch.setattr(restorer, "fit", lambda *args: calls.append(args) or real(*args))  # type: ignore[func-returns-value]
    shares: list[float] = []
    given = window(3)
    out = DeepPrior(steps=2).restore(given, shares.append)
    assert out.shape == (int(given.missing.sum()), 3)
    assert np.isfinite(out).all()
    assert len(calls) == 2  # the first two channels are equal
    np.testing.assert_array_equal(out[:, 0], out[:, 1])
    assert not np.array_equal(out[:, 0], out[:, 2])
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_above_8_khz_the_filling_stays(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    time = np.arange(rate // 2) / rate
    audio = 0.2 * np.sin(2 * np.pi * 440 * time) + 0.05 * np.sin(2 * np.pi * 9500 * time)
    missing = np.zeros(time.size, bool)
    missing[rate // 4 : rate // 4 + rate // 20] = True
    rates: list[int] = []

    def louder(clip: Real, missing: Mask, rate: int, *others: object) -> Real:
        rates.append(rate)
        return np.where(missing, 2.0, 1.0) * interpolated(np.where(missing, 0.0, clip), missing, rate)

    monkeypatch.setattr(restorer, "fit", louder)
    given = Window(np.where(missing, 0.0, audio)[:, None], missing, rate)
    out = DeepPrior(steps=1).restore(given, lambda _: None)[:, 0]
    assert rates == [16_000]
    middle = slice(out.size // 4, -out.size // 4)
    wave = np.fft.rfft(out[middle] * np.hanning(out[middle].size))
    pitches = np.fft.rfftfreq(out[middle].size, 1 / rate)
    low, high = (np.abs(wave[(pitches > a) & (pitches < b)]).max() for a, b in ((200, 800), (9000, 10_000)))
    assert 6 < low / high < 10  # 4 in what was given: the network's part is twice as loud, that above is not


def test_an_interrupted_method_goes_on(tmp_path: Path) -> None:
    given = window(1)
    method = DeepPrior(steps=4, folder=tmp_path)

    def stop(share: float) -> None:
        if share >= 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        method.restore(given, stop)
    assert len(list(tmp_path.glob("deep-prior-*.ckpt"))) == 1
    shares: list[float] = []
    resumed = method.restore(given, shares.append)
    assert shares[0] == 0.75
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(resumed, DeepPrior(steps=4).restore(given, lambda _: None))


def test_the_method_is_known_by_its_name() -> None:
    made = methods.make("deep-prior", methods.Options(steps=7, seed=3))
    assert "steps=7" in made.identity
    assert "seed=3" in made.identity
    reach = made.reach(16_000)
    assert reach.before + reach.together + reach.after < 16_000 * 4
    with pytest.raises(RestorationError, match="one step"):
        methods.make("deep-prior", methods.Options(steps=0))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_a_graphics_card_that_is_not_there_is_said_so() -> None:
    with pytest.raises(RestorationError, match="graphics card"):
        methods.make("deep-prior", methods.Options(device="cuda"))
