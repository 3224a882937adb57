"""What a soak's course is judged by. (The soak itself is make soak; CI runs two minutes of it.)"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import soak


def course(minutes: float = 30.0, **changed: Any) -> soak.Course:
    """One in which all is well, but for what is ``changed``."""
    seconds = [float(second) for second in range(round(60 * minutes))]
    packets = round(86 * 60 * minutes)
    lost = packets // 50
    last = {
        "events": {"restarts": 3, "reanchored": 0, "underruns": 0, "missed_deadlines": 0},
        "packets": {
            "expected": packets,
            "on_time": packets - lost,
            "late": 0,
            "lost": lost,
            "recovered": 0,
            "reordered": 5,
            "kernel_dropped": 0,
            "queue_dropped": 0,
        },
        "timing_ms": {"conceal": {"p50": 1.0, "p99": 2.0}},
        "predictor": "best",
        "model": "hybrid",
    }
    one = soak.Course(
        minutes,
        seconds=seconds,
        memory_mb=[200.0 for _ in seconds],
        away_ms=[0.3 * (second % 2) for second in seconds],
        latency_ms=[40.0 for _ in seconds],
        ppm=[200.0 for _ in seconds],
        restarts_s=[15 * minutes * n for n in (1, 2, 3)],
        last=last,
    )
    for name, value in changed.items():
        for part in ("events", "packets"):
            if name in last[part]:  # type: ignore[operator]
                last[part][name] = value  # type: ignore[index]
        if hasattr(one, name):
            setattr(one, name, value)
    return one


def failures(one: soak.Course) -> list[str]:
    soak.judge(one)
    return one.failures


def test_a_good_course_is_good() -> None:
    one = course()
    assert failures(one) == []
    assert "All of it held." in soak.markdown(one)


def growing(minutes: float, mb: float) -> list[float]:
    count = round(60 * minutes)
    return [200.0 + mb * second / count for second in range(count)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"restarts": 2}, "2 restarts of 3 found"),
        ({"reanchored": 1}, "re-anchored 1 times"),
        ({"underruns": 1}, "1 underruns"),
        ({"missed_deadlines": 4}, "4 missed deadlines"),
        ({"expected": 7}, "only 7 packets"),
        ({"expected": 7}, "expected is not the sum"),
        ({"kernel_dropped": 1}, "packets dropped in this machine"),
        ({"memory_mb": growing(30.0, 40.0)}, "memory grew by"),
        ({"away_ms": [0.0] * 1100 + [1.0] * 700}, "the latency stepped by 1.00 ms"),
        ({"away_ms": list(np.linspace(0, 4, 1800))}, "the latency left its place by more than 2 ms"),
    ],
)
def test_what_should_not_be_is_said(changed: dict[str, Any], says: str) -> None:
    found = failures(course(**changed))
    assert any(says in one for one in found), found


def test_a_short_one_says_nothing_of_the_machines_own_hiccups() -> None:
    assert failures(course(2.0, underruns=3, missed_deadlines=1, reanchored=2)) == []
    assert "3" in soak.markdown(course(2.0, underruns=3))


def test_a_new_senders_latency_may_be_another_one() -> None:
    assert failures(course(away_ms=[0.0] * 455 + [1.5] * 1345)) == []
    assert failures(course(away_ms=[float("nan")] * 12 + [0.2] * 1788)) == []


def test_it_draws(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    soak.plot(course(), tmp_path / "soak.png")
    assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")
