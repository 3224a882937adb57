"""Losses found in the audio itself, and music that must not be taken for one."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from damaged import RATE, Sound, music, write

from plcd.offline.audio_files import read_info
from plcd.restoration import detect as detect_module
from plcd.restoration.detect import Suspect, detect, holes

PACKET = 128
REAL = Path(__file__).parents[2] / "bench" / "data" / "dev"


def found(path: Path, sound: Sound, packet: int = PACKET) -> list[Suspect]:
    return detect(read_info(write(path, sound)), packet)


@pytest.mark.parametrize("channels", [1, 2])
def test_holes_of_silence_are_found_wherever_they_lie(tmp_path: Path, channels: int) -> None:
    sound = music(200_000, channels)
    step = detect_module._STEP
    spans = [
        (5 * PACKET, 6 * PACKET),
        (step - 70, step - 70 + 3 * PACKET),
        (2 * step, 2 * step + 16 * PACKET),
    ]
    spans.append((200_000 - 300 - PACKET, 200_000 - 300))
    for start, stop in spans:
        sound[start:stop] = 0.0
    assert found(tmp_path / "a.wav", sound) == [Suspect(*span, "silence") for span in spans]


def test_repeated_packets_are_found(tmp_path: Path) -> None:
    sound = music(30_000, 2)
    sound[5000 : 5000 + PACKET] = sound[5000 - PACKET : 5000]
    for again in range(3):
        at = 9000 + again * PACKET
        sound[at : at + PACKET] = sound[9000 - PACKET : 9000]
    assert found(tmp_path / "a.wav", sound) == [
        Suspect(5000, 5000 + PACKET, "repeat"),
        Suspect(9000, 9000 + 3 * PACKET, "repeat"),
    ]


def steps(sound: Sound, spans: list[tuple[int, int]]) -> Sound:
    """Something stands in ``spans`` that does not fit."""
    for number, (start, stop) in enumerate(spans):
        sound[start:stop] += 0.4 * (-1) ** number
    return sound


def test_steps_on_one_grid_are_found_and_stray_clicks_are_not(tmp_path: Path) -> None:
    spans = [(k * PACKET, (k + n) * PACKET) for k, n in ((20, 1), (50, 2), (90, 1), (130, 4))]
    assert found(tmp_path / "grid.wav", steps(music(30_000), spans)) == [
        Suspect(*span, "step") for span in spans
    ]
    loose = [(start + 7 * number, stop + 7 * number) for number, (start, stop) in enumerate(spans)]
    assert found(tmp_path / "loose.wav", steps(music(30_000), loose)) == []
    near = [
        (k * PACKET, (k + 1) * PACKET) for k in (20, 25, 30, 35)
    ]  # which are lost, these or those between?
    assert found(tmp_path / "near.wav", steps(music(30_000), near)) == []
    odd = [(start, stop + 5) for start, stop in spans]
    assert found(tmp_path / "odd.wav", steps(music(30_000), odd)) == []


def test_what_music_does_by_itself_is_left_alone(tmp_path: Path) -> None:
    rest = music(20_000)
    rest[4000:9000] = 0.0  # a rest, longer than any burst
    rest[12_000 : 12_000 + PACKET + 40] = 0.0  # no whole packet
    fade = music(20_000)
    fade[3000:4000] *= np.linspace(1, 0, 1000)[:, None]
    fade[4000 : 4000 + 2 * PACKET] = 0.0  # faded into
    cases = {
        "rest": rest,
        "fade": fade,
        "silent": np.zeros((20_000, 1)),
        "constant": np.full((20_000, 1), 0.25),
        "periodic": np.tile(music(PACKET), (100, 1)),
        "start": np.concatenate((np.zeros((PACKET, 1)), music(5000))),
        "end": np.concatenate((music(5000), np.zeros((PACKET, 1)))),
        "one channel": np.stack(
            (music(9000)[:, 0], np.where(np.arange(9000) // PACKET == 9, 0, music(9000)[:, 0])), 1
        ),
        "short": music(50),
    }
    for name, sound in cases.items():
        assert found(tmp_path / "a.wav", sound) == [], name


@pytest.mark.parametrize("clip", ["percussion/sonicpi_loop_tabla.flac", "guitar/sonicpi_guit_em9.flac"])
def test_nothing_is_found_in_real_music_and_real_losses_are(tmp_path: Path, clip: str) -> None:
    info = read_info(REAL / clip)
    assert detect(info, 512) == []
    sound = np.asarray(soundfile.read(REAL / clip, always_2d=True)[0])
    loud = np.abs(sound[: len(sound) // 512 * 512, 0]).reshape(-1, 512).mean(axis=1)
    number = int(loud[2:-2].argmax()) + 2
    sound[number * 512 : (number + 1) * 512] = 0.0
    lost = found(tmp_path / "a.wav", sound, 512)
    assert [(s.start, s.stop) for s in lost] == [(number * 512, (number + 1) * 512)]
    assert info.rate > RATE


def test_holes_begin_and_end_amid_sound() -> None:
    sound = music(16_000)
    for start, stop in ((2000, 2050), (4000, 4100), (8000, 11_000), (13_000, 13_200)):
        sound[start:stop] = 0.0
    sound[12_900:13_000] *= 0.001  # faded away
    assert holes(sound, RATE, 64, 2000) == [(4000, 4100)]
    assert holes(sound, RATE, 50, 3000) == [(2000, 2050), (4000, 4100), (8000, 11_000)]
    assert holes(np.zeros((1000, 2)), RATE, 1, 2000) == []
