"""The curve over the amount of innovation: read from a comparison's CSV, drawn."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import noise_curve
from comparison.measures import GAP_SNR, ODG, ZIMTOHRLI


def results(folder: Path, rows: str) -> Path:
    path = folder / "results.csv"
    names = (GAP_SNR, ODG, ZIMTOHRLI)
    path.write_text(f"clip,system,{','.join(names)}\n{rows}", encoding="utf-8")
    return path


def test_traces_are_averaged_before_clips_and_other_systems_left_out(tmp_path: Path) -> None:
    rows = "a,plcd:best@0.5,4,-1,4\na,plcd:best@0.5,6,-3,4\nb,plcd:best@0.5,1,-4,3\nb,plcd:best@0,2,-1,5\nb,burg,9,9,9\n"
    assert noise_curve.read_points(results(tmp_path, rows)) == [(0.0, 2, -1, 5), (0.5, 3, -3, 3.5)]


def test_it_draws_and_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    table, plot = results(tmp_path, "a,plcd:best@0,4,-1,4\na,plcd:best@1,3,-1,4.5\n"), tmp_path / "curve.png"
    assert noise_curve.main([str(table), str(plot)]) == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert "| 1 | 3.00 | -1.00 | 4.50 |" in capsys.readouterr().out


@pytest.mark.parametrize("rows", ["", "a,burg,1,1,1\n"])
def test_what_holds_no_amount_is_refused(
    tmp_path: Path, rows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert noise_curve.main([str(results(tmp_path, rows)), str(tmp_path / "curve.png")]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert noise_curve.main([str(tmp_path / "none.csv"), "x.png"]) == 3
    assert noise_curve.main([]) == 2
