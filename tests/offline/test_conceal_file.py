"""Concealing a file: received audio exact, lost audio never read, everything else an error."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from plcd.core.concealer import Concealer
from plcd.core.trace import TraceError
from plcd.offline.audio_files import AudioFileError
from plcd.offline.conceal import Settings, conceal_file

SMALL = "burg:32/256"


def _music(samples: int, channels: int = 1, seed: int = 0) -> NDArray[Any]:
    """Tones, each channel its own, and a little noise: every sample is told from its neighbours."""
    time = np.arange(samples)[:, None]
    tones = 0.4 * np.sin(time * (0.03 + 0.02 * np.arange(channels))) + 0.2 * np.sin(time * 0.171)
    noisy: NDArray[Any] = tones + np.random.default_rng(seed).uniform(-0.05, 0.05, (samples, channels))
    return noisy


def _lossy(packets: int, seed: int = 3, rate: float = 0.2) -> NDArray[Any]:
    lost = np.random.default_rng(seed).random(packets) < rate
    lost[0] = False
    return lost


def _exactly_received(lost: NDArray[Any], packet: int, samples: int, crossfade: int) -> NDArray[Any]:
    """Samples that must come through unchanged: received, and no crossfade after a hole reaches them."""
    missing = np.zeros(samples, bool)
    for index in np.flatnonzero(lost):
        missing[index * packet : (index + 1) * packet + crossfade] = True
    return ~missing


@pytest.mark.parametrize("lookahead", [0, 1, 3])
@pytest.mark.parametrize(
    ("rate", "packet", "channels", "encoding", "samples"),
    [
        (44_100, 512, 1, "PCM_16", 512 * 40),
        (44_100, 512, 2, "PCM_24", 512 * 40 + 77),
        (32_000, 320, 1, "PCM_16", 320 * 50 + 1),
        (48_000, 480, 2, "FLOAT", 480 * 30 + 479),
        (96_000, 128, 3, "DOUBLE", 128 * 60),
        (22_050, 100, 1, "PCM_32", 100 * 60 + 5),
        (8_000, 80, 1, "PCM_U8", 80 * 60 + 40),
    ],
)
def test_received_samples_are_bit_exact(
    tmp_path: Path, rate: int, packet: int, channels: int, encoding: str, samples: int, lookahead: int
) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, _music(samples, channels), rate, encoding)
    lost = _lossy(-(-samples // packet))
    outcome = conceal_file(source, lost, output, Settings(packet, SMALL, lookahead))
    before, after = soundfile.info(source), soundfile.info(output)
    assert (after.samplerate, after.channels, after.frames, after.format, after.subtype) == (
        before.samplerate,
        before.channels,
        before.frames,
        before.format,
        before.subtype,
    )
    kind = "float64" if encoding in ("FLOAT", "DOUBLE") else "int32"
    original = soundfile.read(source, dtype=kind, always_2d=True)[0]
    concealed = soundfile.read(output, dtype=kind, always_2d=True)[0]
    exact = _exactly_received(lost, packet, samples, min(packet, 3 * rate // 1000))
    assert exact.sum() > samples / 2
    assert np.array_equal(concealed[exact], original[exact])
    assert (outcome.packets, outcome.lost) == (lost.size, lost.sum())
    last = samples - packet * (lost.size - 1) if lost[-1] else packet
    assert sum(outcome.samples_by_origin.values()) == packet * lost.sum() - (packet - last)


def test_it_is_the_streaming_concealer(tmp_path: Path) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    audio = _music(512 * 90 + 100).astype(np.float32)
    soundfile.write(source, audio, 44_100, "FLOAT")
    lost = _lossy(91)
    conceal_file(source, lost, output, Settings(512, SMALL, 1))
    concealer = Concealer(44_100, 1, 512, SMALL, 1)
    parts = [
        concealer.push_lost(audio[i * 512 : (i + 1) * 512].shape[0])
        if lost[i]
        else concealer.push(audio[i * 512 : (i + 1) * 512])
        for i in range(91)
    ]
    parts.append(concealer.flush())
    assert np.array_equal(soundfile.read(output, dtype="float32", always_2d=True)[0], np.concatenate(parts))


def test_lost_samples_are_never_read(tmp_path: Path) -> None:
    clean, poisoned = tmp_path / "clean.wav", tmp_path / "poisoned.wav"
    audio = _music(512 * 70, 2).astype(np.float32)
    lost = _lossy(70)
    soundfile.write(clean, audio, 44_100, "FLOAT")
    holes = audio.reshape(70, 512, 2)
    holes[lost] = np.where(np.arange(512)[:, None] % 2, np.nan, np.inf)
    soundfile.write(poisoned, holes.reshape(-1, 2), 44_100, "FLOAT")
    for source in (clean, poisoned):
        conceal_file(
            source, lost, source.with_suffix(".w64"), Settings(512, SMALL, 1), source.with_suffix(".caf")
        )
    for suffix in (".w64", ".caf"):
        one, other = (soundfile.read(p.with_suffix(suffix))[0] for p in (clean, poisoned))
        assert np.isfinite(one).all()
        assert np.array_equal(one, other)


def test_the_damaged_file_is_the_input_with_zeros(tmp_path: Path) -> None:
    source, damaged = tmp_path / "in.flac", tmp_path / "damaged.flac"
    soundfile.write(source, _music(320 * 20 + 7), 32_000, "PCM_16")
    lost = _lossy(21)
    conceal_file(source, lost, tmp_path / "out.flac", Settings(320, SMALL), damaged)
    expected = soundfile.read(source, dtype="int16")[0]
    expected[np.repeat(lost, 320)[: expected.size]] = 0
    assert np.array_equal(soundfile.read(damaged, dtype="int16")[0], expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_a_received_sample_that_is_not_finite_is_named(tmp_path: Path, value: float) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    audio = _music(512 * 100, 2)
    audio[40_000, 1] = value
    soundfile.write(source, audio, 44_100, "DOUBLE")
    with pytest.raises(AudioFileError, match="sample 40000 of channel 2"):
        conceal_file(source, np.zeros(100, bool), output, Settings(512, SMALL))
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


def test_a_trace_has_floor_or_ceil_lines(tmp_path: Path) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, _music(512 * 3 + 9), 44_100, "PCM_16")
    original = soundfile.read(source, dtype="int16")[0]
    assert conceal_file(source, np.zeros(3, bool), output, Settings(512, SMALL)).packets == 4
    assert np.array_equal(soundfile.read(output, dtype="int16")[0], original)
    conceal_file(source, np.array([False, False, False, True]), output, Settings(512, SMALL))
    tail = soundfile.read(output, dtype="int16")[0]
    assert tail.size == original.size
    assert not np.array_equal(tail[-9:], original[-9:])
    for lines in (0, 2, 5):
        with pytest.raises(TraceError):
            conceal_file(source, np.zeros(lines, bool), output, Settings(512, SMALL))


def test_everything_lost_is_silence_of_the_same_length(tmp_path: Path) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, _music(5000), 44_100, "PCM_16")
    conceal_file(source, np.ones(10, bool), output, Settings(512, SMALL))
    assert np.array_equal(soundfile.read(output, dtype="int16")[0], np.zeros(5000, np.int16))


def test_a_file_shorter_than_a_packet(tmp_path: Path) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, _music(5), 44_100, "PCM_16")
    for lookahead in (0, 2):
        assert conceal_file(source, np.zeros(0, bool), output, Settings(512, SMALL, lookahead)).packets == 1
        assert np.array_equal(soundfile.read(output)[0], soundfile.read(source)[0])


def test_outputs_may_not_be_one_file_nor_the_input(tmp_path: Path) -> None:
    source, output = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, _music(512), 44_100, "PCM_16")
    before = source.read_bytes()
    for out, damaged in ((source, None), (output, source), (output, output)):
        with pytest.raises(AudioFileError):
            conceal_file(source, np.zeros(1, bool), out, Settings(512, SMALL), damaged)
    assert source.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


def test_progress_adds_up_to_the_file(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    soundfile.write(source, _music(100_000), 44_100, "PCM_16")
    told: list[int] = []
    conceal_file(source, _lossy(196), tmp_path / "out.wav", Settings(512, SMALL, 2), progress=told.append)
    assert sum(told) == 100_000
    assert len(told) > 10
