"""Reading and writing audio files: what goes in comes out, under its final name only when complete."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from plcd.offline.audio_files import (
    AudioFileError,
    AudioWriter,
    comment_in,
    read_blocks,
    read_info,
    same_file,
)
from plcd.offline.containers import container_for, encoding_for, is_audio_name


def _copy(source: Path, output: Path, block: int = 1000) -> None:
    info = read_info(source)
    with AudioWriter(output, info) as writer:
        for samples in read_blocks(info, block):
            writer.write(samples)


def _every_int16(path: Path, container: str, encoding: str) -> NDArray[Any]:
    values = np.arange(-32768, 32768).astype(np.int16)
    soundfile.write(path, values, 44_100, encoding, format=container)
    return values


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "FLAC", "AIFF", "AU", "CAF", "W64", "RF64"])
def test_every_16_bit_value_survives(tmp_path: Path, container: str) -> None:
    source = tmp_path / f"in.{container.lower().replace('wavex', 'wav')}"
    values = _every_int16(source, container, "PCM_16")
    output = tmp_path / ("out" + source.suffix)
    _copy(source, output)
    written, rate = soundfile.read(output, dtype="int16")
    assert np.array_equal(written, values)
    copied = soundfile.info(output)
    assert (rate, copied.format, copied.subtype) == (44_100, container, "PCM_16")


TAGS = {
    "title": "Über Nacht",
    "artist": "somebody",
    "album": "one",
    "tracknumber": "3",
    "date": "2026",
    "genre": "jazz",
}


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG"])
def test_tags_come_along_and_the_comment_before_ours(tmp_path: Path, container: str) -> None:
    source, output = (tmp_path / f"{name}.{container.lower()}" for name in ("in", "out"))
    with soundfile.SoundFile(source, "w", 44_100, 1, format=container) as file:
        for name, text in (TAGS | {"comment": "live"}).items():
            setattr(file, name, text)
        file.write(np.zeros(1000))
    with AudioWriter(output, read_info(source), "ours") as writer:
        writer.write(np.zeros((1000, 1)))
    assert read_info(output).tags == TAGS | {"comment": "live; ours"}
    assert comment_in(output) == "live; ours"


@pytest.mark.parametrize("container", ["WAV", "RF64", "FLAC", "AIFF", "CAF"])
@pytest.mark.parametrize("size", [1000, 2000, 10_000, 65_000])
def test_long_tags_break_no_header_and_ours_is_kept(tmp_path: Path, container: str, size: int) -> None:
    source, output = tmp_path / "in.flac", tmp_path / f"out.{container.lower()}"
    with soundfile.SoundFile(source, "w", 44_100, 1) as file:
        file.title, file.comment = "Song", "x" * size
        file.write(np.zeros(1000))
    with AudioWriter(output, read_info(source), "restored by plcd: somehow; 0123456789abcdef") as writer:
        writer.write(np.zeros((1000, 1)))
    assert read_info(output).samples == 1000
    assert read_info(output).tags["title"] == "Song"
    assert comment_in(output) == "restored by plcd: somehow; 0123456789abcdef"


def test_what_a_killed_process_of_the_same_number_left_is_in_nobodys_way(tmp_path: Path) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, np.zeros(100), 44_100)
    output.with_name(f".out.wav.{os.getpid()}.part").write_bytes(b"half")
    _copy(source, output)
    assert read_info(output).samples == 100


@pytest.mark.parametrize("container", ["WAV", "FLAC", "AU"])
def test_without_tags_there_are_none(tmp_path: Path, container: str) -> None:
    source, output = (tmp_path / f"{name}.{container.lower()}" for name in ("in", "out"))
    soundfile.write(source, np.zeros(100), 44_100, format=container)
    _copy(source, output)
    assert read_info(output).tags == {}


@pytest.mark.parametrize(
    ("container", "encoding", "bits"),
    [
        ("WAV", "PCM_U8", 8),
        ("FLAC", "PCM_S8", 8),
        ("WAV", "PCM_24", 24),
        ("FLAC", "PCM_24", 24),
        ("WAV", "PCM_32", 32),
        ("CAF", "ALAC_24", 24),
        ("WAV", "ULAW", 16),
        ("WAV", "ALAW", 16),
    ],
)
def test_other_integers_survive_to_full_scale(
    tmp_path: Path, container: str, encoding: str, bits: int
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    limit = 2 ** (bits - 1)
    random = np.random.default_rng(1).integers(-limit, limit, 5001)
    values = np.concatenate(([-limit, limit - 1, 0, 1, -1], random)).astype(np.int64) << (32 - bits)
    soundfile.write(source, values.astype(np.int32), 32_000, encoding, format=container)
    _copy(source, output)
    assert np.array_equal(soundfile.read(output, dtype="int32")[0], soundfile.read(source, dtype="int32")[0])
    assert (soundfile.info(output).format, soundfile.info(output).subtype) == (container, encoding)


@pytest.mark.parametrize(("encoding", "kind"), [("FLOAT", np.float32), ("DOUBLE", np.float64)])
def test_floats_survive_beyond_full_scale(tmp_path: Path, encoding: str, kind: type) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    values: NDArray[Any] = (np.random.default_rng(2).standard_normal((999, 2)) * 3).astype(kind)
    soundfile.write(source, values, 96_000, encoding)
    _copy(source, output)
    written, rate = soundfile.read(output, dtype=np.dtype(kind).name)
    assert rate == 96_000
    assert np.array_equal(written, values)


@pytest.mark.parametrize(
    ("container", "source", "expected"),
    [
        ("WAV", "PCM_24", "PCM_24"),
        ("FLAC", "FLOAT", "PCM_24"),
        ("FLAC", "PCM_32", "PCM_24"),
        ("FLAC", "PCM_U8", "PCM_16"),
        ("WAV", "PCM_S8", "PCM_U8"),
        ("WAV", "ALAC_16", "PCM_16"),
        ("WAV", "VORBIS", "FLOAT"),
        ("FLAC", "ULAW", "PCM_24"),
        ("OGG", "PCM_16", "VORBIS"),
        ("MP3", "FLOAT", "MPEG_LAYER_III"),
    ],
)
def test_nearest_encoding(container: str, source: str, expected: str) -> None:
    assert encoding_for(container, source) == expected


def test_container_follows_the_suffix_but_keeps_the_sources_where_it_may() -> None:
    assert container_for(Path("b.WAV"), Path("a.flac"), "FLAC") == "WAV"
    assert container_for(Path("b.wav"), Path("a.w64"), "RF64") == "RF64"
    assert container_for(Path("b.take"), Path("a.take"), "AIFF") == "AIFF"
    with pytest.raises(ValueError, match=r"'\.txt'"):
        container_for(Path("b.txt"), Path("a.wav"), "WAV")
    assert container_for(Path("b.oga"), Path("a.ogg"), "OGG") == "OGG"
    for name in ("b.mp3", "b.ogg", "b.oga", "b.opus"):
        with pytest.raises(ValueError, match=r"is lossy.* use \.wav or \.flac"):
            container_for(Path(name), Path("a.wav"), "WAV")
    with pytest.raises(ValueError, match="is lossy"):
        container_for(Path("b.mp3"), Path("a.ogg"), "OGG")
    assert is_audio_name(Path("x.Flac"))
    assert not is_audio_name(Path("x.txt"))


@pytest.mark.parametrize("suffix", [".ogg", ".mp3", ".opus"])
def test_lossy_files_keep_length_and_encoding(tmp_path: Path, suffix: str) -> None:
    source, output = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    subtype = {".opus": "OPUS"}.get(suffix)
    container = {".ogg": "OGG", ".opus": "OGG", ".mp3": "MP3"}[suffix]
    tone = 0.3 * np.sin(np.arange(48_000) * 0.05)
    soundfile.write(source, tone, 48_000, subtype, format=container)
    _copy(source, output)
    before, after = soundfile.info(source), soundfile.info(output)
    assert (after.frames, after.samplerate, after.subtype) == (before.frames, 48_000, before.subtype)


def test_blocks_cover_the_file_once(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    values = _every_int16(source, "WAV", "PCM_16")[:, None]
    blocks = list(read_blocks(read_info(source), 1000))
    assert [len(b) for b in blocks] == [1000] * 65 + [536]
    assert np.array_equal(np.concatenate(blocks), values / 32768)


def test_a_failed_write_leaves_nothing_and_keeps_the_old_file(tmp_path: Path) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    _every_int16(source, "WAV", "PCM_16")
    output.write_text("older")

    def fail_half_way() -> None:
        with AudioWriter(output, read_info(source)) as writer:
            writer.write(np.zeros((100, 1)))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert output.read_text() == "older"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.wav", "out.wav"]


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
def test_a_full_disk_is_an_error_not_a_short_file(tmp_path: Path) -> None:
    import resource
    import signal

    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, np.zeros(500_000), 44_100)
    old_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    old_handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, old_limit[1]))
        with pytest.raises(AudioFileError, match=r"out\.wav: cannot be written"):
            _copy(source, output, 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    _every_int16(source, "WAV", "PCM_16")
    (tmp_path / "sub").mkdir()
    os.link(source, tmp_path / "hard.wav")
    for other in (source, tmp_path / "sub" / ".." / "in.wav", tmp_path / "hard.wav"):
        with pytest.raises(AudioFileError, match="would overwrite the input"):
            AudioWriter(other, read_info(source))
    assert not same_file(source, tmp_path / "absent.wav")


def test_unwritable_places_are_one_line(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    _every_int16(source, "WAV", "PCM_16")
    info = read_info(source)
    with pytest.raises(AudioFileError, match="cannot be written"), AudioWriter(source / "out.wav", info):
        pass
    with pytest.raises(AudioFileError, match="no audio container"):
        AudioWriter(tmp_path / "out.xyz", info)
    soundfile.write(source, np.zeros((10, 9)), 44_100)
    with (
        pytest.raises(AudioFileError, match=r"out\.flac: cannot be written"),
        AudioWriter(tmp_path / "out.flac", read_info(source)),
    ):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


def test_unreadable_inputs_say_why(tmp_path: Path) -> None:
    cases = {"absent.wav": "no such file", "folder": "is a directory", "nothing.wav": "is empty"}
    (tmp_path / "folder").mkdir()
    (tmp_path / "nothing.wav").touch()
    (tmp_path / "text.wav").write_text("hello, this is no audio at all")
    (tmp_path / "headless.raw").write_bytes(bytes(1000))
    soundfile.write(tmp_path / "silent.wav", np.zeros(0), 44_100)
    cases |= {"text.wav": "is not audio", "headless.raw": "is not audio", "silent.wav": "holds no samples"}
    for name, reason in cases.items():
        with pytest.raises(AudioFileError, match=reason) as caught:
            read_info(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_truncated_flac_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "in.flac"
    soundfile.write(source, np.random.default_rng(0).uniform(-1, 1, 100_000), 44_100)
    source.write_bytes(source.read_bytes()[:60_000])
    with pytest.raises(AudioFileError, match=r"in\.flac"):
        list(read_blocks(read_info(source), 4096))
