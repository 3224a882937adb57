"""The registry: names, errors in one line, and plcd driven as its users drive it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "neural"))

import numpy as np
import pytest
import tiny_models as tiny
from comparison.ours import _assign
from comparison.systems import DEFAULT, REGISTRY, find_system, parse_systems
from quality_bench import RATE, music

from plcd.cli.errors import CliError, ExitCode
from plcd.core.concealer import Concealer
from plcd.neural.shipped import shipped

PACKET = 512


def test_silence_is_always_among_them() -> None:
    assert [system.name for system in parse_systems("plcd,burg,plcd")] == ["zero", "plcd", "burg"]
    assert [system.name for system in parse_systems(DEFAULT)] == [
        *REGISTRY,
        "plcd:best@0",
        *(f"{name}.onnx" for name in shipped()),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "zero, repeat, burg511"),
        ("zero,nothing", "'nothing': there are zero, repeat"),
        ("plcd:order9", "'plcd:order9'"),
        ("/no/such.onnx", "/no/such.onnx"),
        ("/no/such.onnx@9", "noise must lie in 0..2"),
    ],
)
def test_what_there_is_not_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(CliError) as error:
        parse_systems(text)
    assert told in error.value.message
    assert "\n" not in error.value.message
    assert error.value.exit_code in (ExitCode.USAGE, ExitCode.FILE)


def test_a_network_runs_on_what_it_was_trained_on_and_its_title_says_so(tmp_path: Path) -> None:
    sound = music(0.4)[: 32 * PACKET]
    flags = np.zeros(32, np.bool_)
    flags[[9, 20, 21]] = True
    made = {}
    for predictor, title in (("best", "plcd + mine"), ("lpc:128/3584", "plcd + mine on lpc:128/3584")):
        path = tmp_path / predictor.replace("/", "-") / "mine.onnx"
        path.parent.mkdir()
        path.write_bytes(tiny.magnitude(0.0, predictor=predictor, noise=1, fade=512))
        system = find_system(str(path))
        assert system.title == title
        made[predictor] = system.conceal(sound, flags, PACKET, RATE, 0).samples
    assert not np.array_equal(made["best"], made["lpc:128/3584"])
    bare = find_system(f"{path}@0")
    assert bare.title == "plcd + mine on lpc:128/3584@0"
    made["bare"] = bare.conceal(sound, flags, PACKET, RATE, 0).samples
    assert not np.array_equal(made["bare"], made["lpc:128/3584"])


@pytest.mark.parametrize("lookahead", [0, 1, 3])
@pytest.mark.parametrize(
    ("name", "options"), [("plcd", {}), ("plcd:burg:64/512", {"predictor": "burg:64/512"})]
)
def test_ours_is_the_concealer(name: str, options: dict[str, str], lookahead: int) -> None:
    sound = music(0.4, channels=2)[: 32 * PACKET]
    flags = np.zeros(32, np.bool_)
    flags[[0, 9, 20, 21, 31]] = True
    made = find_system(name).conceal(sound, flags, PACKET, RATE, lookahead)
    concealer = Concealer(RATE, 2, PACKET, lookahead=lookahead, **options)  # type: ignore[arg-type]
    packets = np.split(sound, 32)
    parts = [concealer.push(None if lost else packet) for packet, lost in zip(packets, flags, strict=True)]
    assert np.array_equal(made.samples, np.concatenate([*parts, concealer.flush()]))
    assert len(made.lost_ns) == 5
    assert min(made.lost_ns) > 0


def test_calls_count_for_the_lost_packet_they_make_or_prepare() -> None:
    """With lookahead 1 call i gives packet i - 1; packets 1, 3 and 4 of six are lost."""
    flags = np.array([False, True, False, True, True, False])
    lost, received = _assign([1, 2, 4, 8, 16, 32, 64], flags, 1)
    assert lost == [2 + 4, 8 + 16, 32]
    assert received == [1, 64]
    assert _assign([1, 2, 4, 8, 16, 32], flags, 0) == ([2, 8, 16], [1, 4, 32])
