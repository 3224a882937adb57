"""What is kept, what a torn file still gives, and what makes old results invalid."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from comparison import cell, plan
from comparison.cell import Cell, OtherCodeError, Result, run_cell
from comparison.clips import Clip
from comparison.concealed import Concealed
from comparison.fingerprint import PROJECT
from comparison.losses import Loss
from comparison.plan import Settings
from comparison.store import Store
from comparison.systems import find_system, parse_systems
from quality_bench import RATE, music

from plcd.core.frame import Samples
from plcd.core.loss import Flags
from plcd.offline.fingerprint import closure

RESULT = Result("k1", "a.wav", "burst1", 0, 0, "zero", 100, 10, {"odg": -1.5}, {1: 0.5}, (1.0, 2.0), ())
SETTINGS = Settings(tuple(parse_systems("plcd")), (Loss("burst1", "bursts:1,10"),), 1, (0, 1), 512)


def _clip() -> Clip:
    return Clip("a.wav", RATE, music(1.3)[: 100 * 512])


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    odd = replace(RESULT, key="k2", values={"odg": math.nan, "snr": -math.inf}, notes=("a line",))
    store = Store(tmp_path / "deep" / "folder")
    store.add([RESULT, odd])
    again = Store(tmp_path / "deep" / "folder")
    found = again.get("k2")
    assert again.get("k1") == RESULT
    assert found is not None
    assert math.isnan(found.values["odg"])
    assert found.values["snr"] == -math.inf
    assert found.notes == ("a line",)
    assert again.get("k3") is None
    assert Store(tmp_path / "deep" / "folder", fresh=True).get("k1") is None


@pytest.mark.parametrize("cut", [1, 2, 30, 100])
def test_a_line_cut_short_is_passed_over_and_does_not_spoil_the_next(tmp_path: Path, cut: int) -> None:
    store = Store(tmp_path)
    store.add([RESULT])
    store.add([replace(RESULT, key="k2")])
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:-cut])
    again = Store(tmp_path)
    assert again.get("k1") == RESULT
    assert (again.get("k2") is not None) == (cut == 1)
    again.add([replace(RESULT, key="k3")])
    last = Store(tmp_path)
    assert last.get("k1") == RESULT
    assert last.get("k3") is not None


def test_lines_that_are_no_results_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    good = json.dumps([RESULT.to_json()])
    path.write_text(f"[1]\n{{}}\nnull\n\x00\n{good}\n", encoding="utf-8")
    assert Store(tmp_path).get("k1") == RESULT


def _keys(clip: Clip, settings: Settings) -> dict[tuple[str, int], str]:
    (one,), _ = plan.plan(clip, settings)
    return {(run.system, run.lookahead): run.key for run in one.runs}


def test_a_key_stands_for_everything_that_decides_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = _keys(_clip(), SETTINGS)
    assert list(keys) == [("zero", 0), ("plcd", 0), ("plcd", 1)]
    assert len(set(keys.values())) == 3
    renamed = replace(_clip(), name="b.wav")
    assert _keys(renamed, SETTINGS) == keys
    louder = replace(_clip(), samples=_clip().samples * 2)
    others = [
        _keys(louder, SETTINGS),
        _keys(replace(_clip(), rate=48_000), SETTINGS),
        _keys(_clip(), replace(SETTINGS, losses=(Loss("burst1", "bursts:1,11"),))),
        _keys(_clip(), replace(SETTINGS, packet=256)),
    ]
    monkeypatch.setattr(plan, "code_of", lambda module: f"changed {module}")
    others.append(_keys(_clip(), SETTINGS))
    for other in others:
        assert not set(other.values()) & set(keys.values())


def test_a_change_of_ours_leaves_peers_valid_and_a_change_of_scoring_does_not() -> None:
    measured = closure(("comparison.measures",), PROJECT)
    peers, ours = (closure((f"comparison.{name}",), PROJECT) for name in ("peers", "ours"))
    assert "plcd.scoring.peaq.model" in measured
    assert "plcd.core.linear_prediction" in peers & ours
    assert "plcd.core.hole" in ours - peers


def test_a_worker_with_other_code_refuses() -> None:
    (one,), _ = plan.plan(_clip(), SETTINGS)
    stale = tuple(replace(run, code="of yesterday") for run in one.runs)
    with pytest.raises(OtherCodeError, match="another version"):
        run_cell(Cell(one.clip, one.loss, one.trace, one.packet, stale))


def test_a_cell_gives_a_result_for_each_run() -> None:
    (one,), _ = plan.plan(_clip(), SETTINGS)
    results, failures = run_cell(one)
    assert failures == []
    assert [(r.system, r.lookahead) for r in results] == [("zero", 0), ("plcd", 0), ("plcd", 1)]
    assert all(r.packets == 100 and r.lost == 10 and r.by_burst.keys() == {1} for r in results)
    assert results[0].values["gap_snr_db"] == 0
    assert cell.code_of("comparison.peers") != cell.code_of("comparison.ours")


def test_a_system_that_fails_spoils_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(samples: Samples, flags: Flags, packet: int, rate: int, lookahead: int) -> Concealed:
        if lookahead:
            raise RuntimeError("no idea\nat all")
        return Concealed(np.full_like(samples, np.nan), [1], [])

    (one,), _ = plan.plan(_clip(), SETTINGS)
    monkeypatch.setattr(
        cell,
        "find_system",
        lambda name: replace(find_system(name), conceal=broken) if name == "plcd" else find_system(name),
    )
    results, failures = run_cell(one)
    assert [r.system for r in results] == ["zero"]
    assert failures == [
        "a.wav, burst1, trace 0, plcd, lookahead 0: ScoreError: the output holds values that are not finite",
        "a.wav, burst1, trace 0, plcd, lookahead 1: RuntimeError: no idea",
    ]
