"""A file restored blind: stretches join without a seam, an interrupted run gives the same bytes, memory is bounded."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from damaged import RATE, music, write

from plcd.offline.audio_files import AudioFileError, read_info
from plcd.restoration.blind import Pace, restore_blind
from plcd.restoration.errors import RestorationError
from plcd.restoration.restore import Outcome
from plcd.restoration.restorer import Audio
from plcd.restoration.sidecar import digest_of

PACE = Pace(1000, 300, 50)


class Quieter:
    """Halves what it is given, after so many stretches Ctrl-C; remembers what it was shown."""

    identity = "quieter"

    def __init__(self, stretches: int = 1000, bad: float | None = None) -> None:
        self.left, self.bad = stretches, bad
        self.shown: list[tuple[int, int, int]] = []

    def pace(self, rate: int) -> Pace:
        if rate < 16_000:
            raise RestorationError(f"not at {rate} Hz")
        return PACE

    def renew(self, audio: Audio, start: int, stop: int, rate: int) -> Audio:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.shown.append((len(audio), start, stop))
        made = audio[start:stop] / 2
        if self.bad is not None:
            made[3] = self.bad
        return made


def restore(path: Path, output: Path, method: Quieter) -> Outcome:
    return restore_blind(read_info(path), digest_of(path), output, method)


@pytest.mark.parametrize("samples", [1, 40, 999, 1000, 1001, 1050, 5432])
def test_every_sample_is_renewed_once(tmp_path: Path, samples: int) -> None:
    """Where a stretch leads over from the one before, what was renewed is shown to it again: a quarter and a half are mixed."""
    sound = music(samples, 2)
    path = write(tmp_path / "in.wav", sound, encoding="DOUBLE")
    method = Quieter()
    outcome = restore(path, tmp_path / "out.wav", method)
    made, rate = soundfile.read(tmp_path / "out.wav", always_2d=True)
    assert (made.shape, rate) == (sound.shape, RATE)
    factor = np.full(samples, 0.5)
    for seam in range(1000, samples, 1000):
        led = min(50, samples - seam)
        rising = (np.arange(led) + 0.5) / led
        factor[seam : seam + led] = 0.5 - 0.25 * rising
    assert made == pytest.approx(sound * factor[:, None], abs=1e-7)
    assert outcome.samples == samples
    assert len(method.shown) == -(-samples // 1000)
    assert all(shown[0] <= 300 + 1000 + 50 + 300 for shown in method.shown)
    assert not (tmp_path / "out.wav.partial").exists()


def test_stopped_and_resumed_gives_the_same_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "in.wav", music(5432))
    restore(path, tmp_path / "whole.wav", Quieter())
    with pytest.raises(KeyboardInterrupt):
        restore(path, tmp_path / "out.wav", Quieter(3))
    assert not (tmp_path / "out.wav").exists()
    rest = Quieter()
    outcome = restore(path, tmp_path / "out.wav", rest)
    assert len(rest.shown) == 3
    assert outcome.resumed == 3 * 1050
    assert (tmp_path / "out.wav").read_bytes() == (tmp_path / "whole.wav").read_bytes()


def test_what_is_not_changed_keeps_its_bits(tmp_path: Path) -> None:
    class Idle(Quieter):
        def renew(self, audio: Audio, start: int, stop: int, rate: int) -> Audio:
            return audio[start:stop].copy()

    sound = np.random.default_rng(0).integers(-(2**31), 2**31, (3000, 1)).astype(np.int32)
    soundfile.write(tmp_path / "in.wav", sound, RATE, "PCM_32")
    outcome = restore(tmp_path / "in.wav", tmp_path / "out.wav", Idle())
    assert outcome.samples == 0
    made, _ = soundfile.read(tmp_path / "out.wav", dtype="int32", always_2d=True)
    assert np.array_equal(made, sound)


def test_what_cannot_be_done_is_one_line_and_leaves_no_output(tmp_path: Path) -> None:
    path = write(tmp_path / "in.wav", music(2500))
    with pytest.raises(RestorationError, match=r"made NaN or infinity at 0.000 s"):
        restore(path, tmp_path / "out.wav", Quieter(bad=float("nan")))
    slow = write(tmp_path / "slow.wav", music(2500), rate=8000)
    with pytest.raises(RestorationError, match="not at 8000 Hz"):
        restore(slow, tmp_path / "out.wav", Quieter())
    sound = music(2500)
    sound[1700] = np.inf
    soundfile.write(tmp_path / "bad.wav", sound, RATE, "FLOAT")
    with pytest.raises(AudioFileError, match="sample 1700 is NaN or infinite"):
        restore(tmp_path / "bad.wav", tmp_path / "out.wav", Quieter())
    assert not (tmp_path / "out.wav").exists()
