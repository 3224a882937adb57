"""The method res-u-net with the network that ships: gaps that are known, and damage that nobody told of."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from damaged import Sound

from plcd.neural.patches import Picture
from plcd.restoration.errors import RestorationError
from plcd.restoration.methods import Options, make, make_blind
from plcd.restoration.res_u_net.blind import BlindResUNet
from plcd.restoration.res_u_net.known import ResUNet
from plcd.restoration.res_u_net.loading import load
from plcd.restoration.restorer import Mask, Window, runs_of

RATE = 44_100


def chords(seconds: float, rate: int = RATE) -> Sound:
    """Held chords with a little noise and treble, ``(n, 1)``."""
    time = np.arange(round(seconds * rate)) / rate
    tones = sum(np.sin(2 * np.pi * hz * time + hz) for hz in (220.0, 277.2, 329.6, 660.0, 1318.5))
    noise = np.random.default_rng(0).normal(0, 0.01, time.size)
    treble = 0.02 * np.sin(2 * np.pi * 11_000 * time)
    sound: Sound = (0.1 * tones + noise + treble)[:, None]
    return sound


def holes(samples: int, *spans: tuple[int, int]) -> Mask:
    missing = np.zeros(samples, np.bool_)
    for start, stop in spans:
        missing[start:stop] = True
    return missing


def nothing(share: float) -> None:
    """Nobody looks."""


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_gaps_are_filled_with_music_and_nothing_else_is_returned(rate: int) -> None:
    sound = chords(1.6, rate)
    both = np.concatenate((sound, 0.5 * sound), axis=1)
    missing = holes(len(both), (rate // 2, rate // 2 + rate // 20), (rate, rate + rate // 10))
    window = Window(np.where(missing[:, None], 0.0, both), missing, rate)
    method = make("res-u-net")
    seen: list[float] = []
    made = method.restore(window, seen.append)
    assert made.shape == (missing.sum(), 2)
    assert np.isfinite(made).all()
    truth = both[missing]
    assert np.sum((made - truth) ** 2) < 0.5 * np.sum(truth**2)
    assert np.array_equal(made, make("res-u-net").restore(window, nothing))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def test_treble_is_that_of_the_interpolation() -> None:
    """The network knows nothing above 8 kHz: what stands there is what interpolate says."""
    sound = chords(1.0)
    missing = holes(len(sound), (20_000, 22_000))
    window = Window(np.where(missing[:, None], 0.0, sound), missing, RATE)
    difference = make("res-u-net").restore(window, nothing) - make("interpolate").restore(window, nothing)
    spectrum = np.abs(np.fft.rfft(difference[:, 0] * np.hanning(2000)))
    hz = np.fft.rfftfreq(2000, 1 / RATE)
    assert spectrum[hz < 7000].max() > 1e-3
    assert spectrum[hz > 9000].max() < 0.02 * spectrum[hz < 7000].max()


@pytest.mark.parametrize(
    "spans", [((0, 3000),), ((41_100, 44_100),), ((0, 400), (1000, 1200), (43_900, 44_100))]
)
def test_gaps_at_the_ends_and_close_together(spans: tuple[tuple[int, int], ...]) -> None:
    sound = chords(1.0)
    missing = holes(len(sound), *spans)
    made = make("res-u-net").restore(Window(np.where(missing[:, None], 0.0, sound), missing, RATE), nothing)
    assert np.isfinite(made).all()
    assert np.abs(made).max() < 3


def test_a_window_shorter_than_a_patch_and_silence() -> None:
    for sound in (chords(0.1), np.zeros((4410, 1))):
        missing = holes(len(sound), (2000, 2300))
        made = make("res-u-net").restore(
            Window(np.where(missing[:, None], 0.0, sound), missing, RATE), nothing
        )
        assert made.shape == (300, 1)
        assert np.abs(made).max() <= 2 * np.abs(sound).max() + 1e-5


class Counted:
    """The network that ships, and how often it was asked."""

    def __init__(self) -> None:
        self.network, self.digest = load(None)
        self.calls = 0

    def repair(self, damaged: Picture) -> Picture:
        self.calls += 1
        return self.network.repair(damaged)


def test_only_what_is_wanted_is_worked_on() -> None:
    sound = chords(1.2)
    missing = holes(len(sound), (20_000, 21_000), (40_000, 41_000))
    given = np.where(missing[:, None], 0.0, sound)
    network = Counted()
    method = ResUNet(network, network.digest)
    both = method.restore(Window(given, missing, RATE), nothing)
    assert network.calls == 2
    first = method.restore(Window(given, missing, RATE, holes(len(sound), (20_000, 21_000))), nothing)
    assert network.calls == 3
    assert first.shape == both.shape
    assert np.allclose(first[:1000], both[:1000], atol=0.05)


def test_it_reaches_as_far_as_a_patch() -> None:
    reach = make("res-u-net").reach(RATE)
    assert reach.before >= 0.26 * RATE
    assert reach.longest == round(0.35 * RATE)
    with pytest.raises(RestorationError, match="works from 16000 Hz up"):
        make("res-u-net").reach(8000)


def test_the_identity_names_the_network() -> None:
    _, digest = load(None)
    assert len(digest) == 16
    for method in (make("res-u-net"), make_blind("res-u-net")):
        assert digest in method.identity


@pytest.mark.parametrize("name", ["lite", "nowhere.onnx"])
def test_a_model_that_is_none_is_told(name: str) -> None:
    with pytest.raises(RestorationError, match=r"no such file, and no such network for restoring"):
        make("res-u-net", Options(model=name))


def test_methods_that_have_to_know_say_so() -> None:
    with pytest.raises(
        RestorationError, match="interpolate has to know where the gaps are; blind works with res-u-net"
    ):
        make_blind("interpolate")


def test_blind_finds_what_is_gone_and_leaves_the_rest() -> None:
    sound = chords(2.0)
    missing = holes(len(sound), (30_000, 32_500), (60_000, 66_000))
    given = np.where(missing[:, None], 0.0, sound)
    made = make_blind("res-u-net").renew(given, 0, len(given), RATE)
    assert made.shape == given.shape
    changed = (made != given)[:, 0]
    assert changed[missing].mean() > 0.9
    reach = np.zeros_like(missing)
    for start, stop in runs_of(missing):
        reach[start - 900 : stop + 900] = True  # a frame at 16 kHz is 706 samples
    assert not changed[~reach].any()
    assert np.sum((made - sound) ** 2) < np.sum((given - sound) ** 2)
    low = 0.3 * np.sum(sound[missing] ** 2)
    assert np.sum(made[missing] ** 2) > low


def test_blind_changes_nothing_in_sound_that_is_whole() -> None:
    sound = chords(1.5)
    made = make_blind("res-u-net").renew(sound, 5000, 60_000, RATE)
    assert made.shape == (55_000, 1)
    assert np.mean(made != sound[5000:60_000]) < 0.1
    silence = np.zeros((RATE, 2))
    assert not make_blind("res-u-net").renew(silence, 0, RATE, RATE).any()


def test_a_gap_is_filled_the_same_whatever_lies_in_its_patch() -> None:
    """Another gap at the patch's very edge is neither used nor written."""
    sound = chords(1.5)
    for other in (30_000 - 11_560, 30_000 + 11_500):
        missing = holes(len(sound), (30_000 - 400, 30_000 + 400), (other - 500, other + 500))
        given = np.where(missing[:, None], 0.0, sound)
        out = given.copy()
        out[missing] = make("res-u-net").restore(Window(given, missing, RATE), nothing)
        plain = given.copy()
        plain[missing] = make("interpolate").restore(Window(given, missing, RATE), nothing)
        for start, stop in runs_of(missing):
            error, least = (np.sum((one - sound)[start:stop] ** 2) for one in (out, plain))
            assert error < 1.5 * least


@pytest.mark.parametrize("fades_s", [0.03, 0.05])
def test_blind_leaves_rests_as_they_are(fades_s: float) -> None:
    """Notes that fade into digital silence, and begin again."""
    time = np.arange(round(0.35 * RATE)) / RATE
    parts = []
    for hz in (220.0, 330.0, 262.0, 440.0):
        tones = sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 6))
        parts += [0.3 * np.exp(-time / fades_s) * tones, np.zeros(RATE // 5)]
    sound = np.round(np.concatenate(parts) * 32_768)[:, None] / 32_768
    made = make_blind("res-u-net").renew(sound, 0, len(sound), RATE)
    assert np.abs(made - sound).max() < 1e-3


def test_as_in_the_paper_everything_goes_through() -> None:
    sound = chords(1.0)
    made = BlindResUNet(*load(None), careful=False).renew(sound, 0, len(sound), RATE)
    assert np.mean(made != sound) > 0.99
    inner = slice(2000, -2000)
    assert np.sum((made - sound)[inner] ** 2) < 0.2 * np.sum(sound[inner] ** 2)


@pytest.mark.parametrize(
    "clip",
    ["mixed/sms_orchestra.flac", "piano_keys/msdb_test_piano_0a7fc4ad.flac", "speech/vctk_nuwave_a.flac"],
)
def test_blind_leaves_a_file_that_begins_in_the_midst_of_sound(clip: str) -> None:
    """Sound that is mirrored at the ends of a file stands still there, and has less power than it seems it should."""
    path = Path(__file__).parents[2] / "bench" / "data" / "dev" / clip
    audio, rate = soundfile.read(path, frames=88_200, always_2d=True)
    renewed = BlindResUNet(*load(None)).renew(audio, 0, len(audio), rate)
    ends = np.r_[: rate // 50, len(audio) - rate // 50 : len(audio)]
    np.testing.assert_array_equal(renewed[ends], audio[ends])
