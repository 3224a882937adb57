"""Files that grow: exact, valid at any time, and honest about a disk that fails."""

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.frame import Samples
from plcd.io import audio_file, audio_writer, wav_file
from plcd.io.audio_writer import AudioWriter
from plcd.io.flac_file import to_pcm24

ROOT = Path(__file__).parents[2]


def noise(samples: int, channels: int = 2, seed: int = 0) -> Samples:
    """Full-scale 16-bit noise, both extremes included."""
    whole = np.random.default_rng(seed).integers(-32768, 32768, (samples, channels))
    whole[:1], whole[1:2] = -32768, 32767
    return (whole / 32768).astype(np.float32)


def read(path: Path) -> Samples:
    sound: Samples = soundfile.read(path, dtype="float32", always_2d=True)[0]
    return sound


@given(
    suffix=st.sampled_from([".wav", ".flac", ".WAV"]),
    channels=st.integers(1, 3),
    rate=st.sampled_from([8000, 44_100, 96_000]),
    cuts=st.lists(st.integers(0, 6000), max_size=8),
)
def test_every_sample_is_in_the_file_however_it_came(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, channels: int, rate: int, cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("audio") / f"take{suffix}"
    sound = noise(sum(cuts), channels)
    writer = AudioWriter(path, rate, channels, block=True)
    start = 0
    for count in cuts:
        block = sound[start : start + count].copy()
        writer.write(block)
        block[:] = np.nan  # it was copied
        start += count
    writer.close()
    writer.close()
    writer.write(sound)
    assert (writer.samples, writer.error) == (len(sound), None)
    if sound.size or suffix != ".flac":
        info = soundfile.info(path)
        form = "PCM_24" if suffix == ".flac" else "FLOAT"
        assert (info.samplerate, info.channels, info.subtype) == (rate, channels, form)
        np.testing.assert_array_equal(read(path), sound)


@given(st.integers(-(2**23), 2**23 - 1))
def test_24_bits_are_exact(value: int) -> None:
    sample = np.array([[value / 2**23]], np.float32)
    assert to_pcm24(sample)[0, 0] == value << 8


def test_flac_clips_at_full_scale() -> None:
    assert to_pcm24(np.array([[-2.0, 2.0]], np.float32)).tolist() == [[-(2**31), 2**31 - 256]]


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_file_is_valid_while_it_grows(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"take{suffix}"
    file = audio_file.create(path, 44_100, 2)
    sound = noise(50_000)
    lengths = []
    for start in range(0, 50_000, 5_000):
        file.write(sound[start : start + 5_000])
        so_far = read(path)
        assert len(so_far) == file.samples
        np.testing.assert_array_equal(so_far, sound[: len(so_far)])
        lengths.append(len(so_far))
    assert lengths[-1] > 45_000 - 4096
    assert lengths == sorted(set(lengths))
    file.close()
    np.testing.assert_array_equal(read(path), sound)


def test_bytes_depend_on_the_samples_only(tmp_path: Path) -> None:
    sound = noise(1000)
    for name in ("a.wav", "b.wav"):
        writer = AudioWriter(tmp_path / name, 44_100, 2, block=True)
        writer.write(sound)
        writer.close()
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_what_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.wav .* or \.flac"):
        AudioWriter(tmp_path / "take.mp3", 44_100, 1, block=True)
    with pytest.raises(ValueError, match="at most 8 channels"):
        AudioWriter(tmp_path / "take.flac", 44_100, 9, block=True)
    with pytest.raises(FileNotFoundError):
        AudioWriter(tmp_path / "no" / "take.wav", 44_100, 1, block=True)
    assert not list(tmp_path.iterdir())


def test_creation_is_exclusive_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        AudioWriter(path, 44_100, 1, block=False, exclusive=True)
    assert path.read_text() == "precious"
    AudioWriter(path, 44_100, 1, block=False).close()
    assert len(read(path)) == 0


def test_a_wav_ends_before_its_length_overflows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav_file, "MAX_WAV_BYTES", 80_000)
    errors: list[str] = []
    writer = AudioWriter(tmp_path / "take.wav", 100, 1, errors.append, block=True)
    sound = noise(50_000, 1)
    for start in range(0, 50_000, 500):
        writer.write(sound[start : start + 500])
    writer.close()
    assert errors == [writer.error]
    assert "4 GiB: use .flac" in errors[0]
    kept = read(tmp_path / "take.wav")
    assert 0 < len(kept) == writer.samples <= 20_000
    np.testing.assert_array_equal(kept, sound[: len(kept)])


class SlowDisk:
    """A file whose writes wait for the test."""

    samples = 0

    def __init__(self) -> None:
        self.go = threading.Event()
        self.written: list[Samples] = []

    def write(self, samples: Samples) -> None:
        self.go.wait(60)
        self.written.append(samples)
        self.samples += len(samples)

    def close(self) -> None:
        pass


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDisk]:
    slow = SlowDisk()
    monkeypatch.setattr(audio_file, "create", lambda *_: slow)
    yield slow
    slow.go.set()


def test_a_disk_that_falls_behind_ends_a_recording(disk: SlowDisk) -> None:
    errors: list[str] = []
    writer = AudioWriter(Path("take.wav"), 1000, 1, errors.append, block=False)
    for _ in range(30):
        writer.write(noise(500, 1))
    assert errors == [writer.error]
    assert "cannot keep up" in errors[0]
    disk.go.set()
    writer.close()
    assert errors == [writer.error]
    assert disk.samples < 15_000


def test_a_disk_that_falls_behind_is_waited_for_where_nothing_may_drop(disk: SlowDisk) -> None:
    writer = AudioWriter(Path("take.wav"), 1000, 1, block=True)
    sound = noise(30_000, 1)

    def feed() -> None:
        for start in range(0, len(sound), 500):
            writer.write(sound[start : start + 500])

    feeder = threading.Thread(target=feed)
    feeder.start()
    feeder.join(0.3)
    assert feeder.is_alive()  # 10 s of audio are held at most
    disk.go.set()
    feeder.join(60)
    writer.close()
    assert writer.error is None
    np.testing.assert_array_equal(np.concatenate(disk.written), sound)


def test_closing_does_not_wait_for_ever(disk: SlowDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_writer, "CLOSE_S", 0.05)
    writer = AudioWriter(Path("take.wav"), 1000, 1, block=False)
    writer.write(noise(500, 1))
    writer.close()
    assert writer.error is not None
    assert "did not take the rest" in writer.error


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can make a small file system to fill")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("block", [True, False])
def test_a_full_disk_leaves_a_valid_file_and_an_error(small_disk: Path, suffix: str, block: bool) -> None:
    errors: list[str] = []
    path = small_disk / f"take{suffix}"
    writer = AudioWriter(path, 44_100, 2, errors.append, block=block)
    sound = noise(200_000)
    for start in range(0, 200_000, 10_000):
        writer.write(sound[start : start + 10_000])
    writer.close()
    assert errors == [f"{path}: {os.strerror(28)}"]
    kept = read(path)
    assert len(kept) == writer.samples
    np.testing.assert_array_equal(kept, sound[: len(kept)])
    assert len(kept) > 20_000


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files here")
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_limit_on_file_sizes_is_an_error_as_a_full_disk(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"take{suffix}"
    program = f"""
        import resource, signal, sys
        from pathlib import Path
        import numpy as np
        from plcd.io.audio_writer import AudioWriter
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        writer = AudioWriter(Path({str(path)!r}), 44_100, 1, block=False)
        sound = np.random.default_rng(0).uniform(-1, 1, (10_000, 1)).astype(np.float32)
        for _ in range(20):
            writer.write(sound)
        writer.close()
        print(writer.samples, writer.error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    samples, reason = done.stdout.strip().split(" ", 1)
    assert reason == f"{path}: {os.strerror(27)}"
    assert done.stderr == ""
    assert len(read(path)) == int(samples) > 10_000
