"""Results arranged and written: means over clips of means over traces, differences, the table, the CSV."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import csv
import math

import pytest
from comparison.board import Board
from comparison.cell import Result
from comparison.csv_files import write_csv
from comparison.losses import parse_losses
from comparison.markdown import Figure, interval, number, table
from comparison.measures import BURST_SNR, ENERGY, GAP_SNR, LOUDEST, MR_STFT, ODG, STEP, ZIMTOHRLI
from comparison.plan import Settings
from comparison.plots import boxes, by_burst
from comparison.stats import Estimate
from comparison.systems import parse_systems
from comparison.table import markdown
from comparison.verdicts import shortfalls, worst_clips

from plcd.scoring.gap_energy import BANDS_HZ

SETTINGS = Settings(tuple(parse_systems("ar256,burg,plcd")), tuple(parse_losses("gilbert10")), 2, (0, 1), 512)
ODGS = {"zero": -3.0, "ar256": -2.0, "burg": -1.5, "plcd": -1.0}


def _result(clip: str, trace: int, system: str, lookahead: int, odg: float) -> Result:
    values = {
        GAP_SNR: 10 + odg,
        BURST_SNR: 11 + odg,
        ODG: odg,
        ZIMTOHRLI: math.nan,
        MR_STFT: -odg / 10,
        STEP: -9.0,
        LOUDEST: 1.0 + trace,
        **{f"{ENERGY}{low}-{high}": -1.0 if clip == "a" else 2.0 for low, high in BANDS_HZ},
    }
    return Result("", clip, "gilbert10", trace, lookahead, system, 100, 9, values, {1: 5.0}, (1.0, 2.0), ())


def _board() -> Board:
    """On clip b all are 1 better; the second trace is 0.2 worse; plcd falls behind on clip c; lookahead gives 0.25."""
    results = [
        _result(clip, trace, system, lookahead, odg + bonus - 0.2 * trace + 0.25 * lookahead - spoilt)
        for trace in (1, 0)
        for clip, bonus in (("b", 1.0), ("a", 0.0), ("c", 0.0))
        for system, odg in ODGS.items()
        for lookahead in (0, 1)
        if not lookahead or system == "plcd"
        for spoilt in (0.9 if clip == "c" and system == "plcd" else 0.0,)
    ]
    return Board(results, SETTINGS)


def test_means_are_over_clips_of_means_over_traces() -> None:
    board = _board()
    burg, plcd = board.entry("burg"), board.entry("plcd")
    assert burg is not None
    assert plcd is not None
    assert board.per_clip("gilbert10", burg, ODG) == pytest.approx({"a": -1.6, "b": -0.6, "c": -1.6})
    assert board.estimate("gilbert10", burg, ODG).mean == pytest.approx(-3.8 / 3)
    assert board.differences("gilbert10", plcd, burg, ODG) == pytest.approx({"a": 0.5, "b": 0.5, "c": -0.4})
    assert board.per_clip("gilbert10", burg, LOUDEST) == {"a": 2.0, "b": 2.0, "c": 2.0}
    assert board.per_clip("gilbert10", burg, ZIMTOHRLI) == {}
    assert board.by_burst(burg)[1].mean == 5.0


def test_ours_is_held_against_the_better_of_two() -> None:
    board = _board()
    plcd = board.entry("plcd")
    assert plcd is not None
    found = shortfalls(board, "gilbert10", plcd, ODG)
    assert found == pytest.approx({"c": -0.4, "a": 0.5, "b": 0.5})
    assert next(iter(found)) == "c"
    assert worst_clips(board, "gilbert10", 1) == ["c"]


def test_the_table_says_it_all() -> None:
    text = markdown(_board(), {("burg", 0): {"p50": 1.17, "p99": 1.25, "ahead": 0.0}})
    for expected in (
        "3 clips, packets of 512 samples, 2 traces",
        "## gilbert10, causal",
        "## gilbert10, lookahead 1",
        "percentile bootstrap over clips",
        "| Burg 1024 (baseline) | 8.73 [",
        "+0.20 [−0.40, +0.50]",
        "1.17 / 1.25",
        "1.7 (+1.0)",
        "plcd, lookahead 1 less the same causal: gap SNR, dB +0.25 [+0.25, +0.25]; ODG +0.25",
        "| ODG | −0.40 (c) |",
    ):
        assert expected in text
    causal = text.partition("## gilbert10, lookahead 1")[0]
    assert "| plcd | **" in causal
    assert "lookahead 1" not in causal.partition("## gilbert10, causal")[2]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in lines)


def test_a_time_that_was_not_measured_apart_is_a_dash() -> None:
    timed = markdown(_board(), {("burg", 0): {"p50": 1.17, "p99": 1.25, "ahead": 4.06}})
    assert "| 1.17 / 1.25 + 4.1 ahead |" in timed
    assert "ms, one thread, on one core" in timed
    for text, dashes in ((timed, 3), (markdown(_board(), {}), 4)):
        rows = text.partition("| ms p50 / p99 |")[2].partition("\n\n")[0].splitlines()
        assert sum(row.endswith(" – |") for row in rows) == dashes
        assert "1.00 / 2.00" not in text
    assert "No times: `--time` measures them." in markdown(_board(), {})


def test_tests_are_corrected_for_their_number() -> None:
    """Three clips cannot be significant: the least p there is, 0.25, times the tests of the table is 1."""
    text = markdown(_board(), {})
    section = text.partition("### gilbert10: plcd against the others")[2]
    assert "| zero fill | +1.70 [" in section
    assert "p = 1.000" in section
    assert "for the 12 tests" in section


def test_the_best_of_a_column_is_bold() -> None:
    rows = [("a", [Figure("1.0 [0, 2]", 1.01)]), ("b", [Figure("1.0 [1, 1]", 1.04)]), ("c", [Figure("–")])]
    assert table(["x", "y"], rows)[2:] == ["| a | **1.0 [0, 2]** |", "| b | **1.0 [1, 1]** |", "| c | – |"]
    assert table(["x", "y"], rows[:1])[2] == "| a | 1.0 [0, 2] |"


def test_numbers_read_well() -> None:
    assert [number(x, 2) for x in (-1.234, -0.001, math.nan, -math.inf)] == ["−1.23", "0.00", "–", "−∞"]
    assert [number(x, 1, signed=True) for x in (2, -2, -0.01)] == ["+2.0", "−2.0", "+0.0"]
    assert interval(Estimate(1, 0.5, 1.5, 3), 1) == "1.0 [0.5, 1.5]"
    assert interval(Estimate(math.nan, math.nan, math.nan, 0), 1) == "–"


def test_the_csv_has_a_row_for_each_result_in_one_order(tmp_path: Path) -> None:
    path, times = write_csv(tmp_path, _board().results)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2 * 5
    place = [(row["clip"], int(row["trace"]), int(row["lookahead"])) for row in rows]
    assert place == sorted(place)
    assert [row["system"] for row in rows[:5]] == ["zero", "ar256", "burg", "plcd", "plcd"]
    assert rows[0][ODG] == "-3"
    assert rows[0][ZIMTOHRLI] == ""
    assert rows[0]["gap_snr_by_burst_db"] == "1=5.0000"
    assert times.read_text(encoding="utf-8").splitlines()[1] == "a,gilbert10,0,0,zero,1.0000,2.0000"


def test_plots_are_small_and_the_same_again(tmp_path: Path) -> None:
    board = _board()
    first = [boxes(board, "gilbert10", tmp_path / "a.png"), by_burst(board, tmp_path / "b.png")]
    again = [boxes(board, "gilbert10", tmp_path / "c.png"), by_burst(board, tmp_path / "d.png")]
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes().startswith(b"\x89PNG")
        assert one.stat().st_size < 60_000
        assert one.read_bytes() == other.read_bytes()
