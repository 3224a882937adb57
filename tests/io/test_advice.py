"""What a musician is told to do."""

from typing import Any

import pytest

from plcd.io.advice import SILENT_S, WINDOW_S, Advice


def snapshot(
    at_s: float, received: int = 0, late: int = 0, missed: int = 0, underruns: int = 0
) -> dict[str, Any]:
    return {
        "uptime_s": at_s,
        "packets": {"received": received, "late": late},
        "events": {"missed_deadlines": missed, "underruns": underruns},
    }


@pytest.mark.parametrize(
    ("adaptive", "remedy"),
    [(False, "--depth auto, or a greater depth,"), (True, "a higher MAX in --depth auto:MIN-MAX")],
)
def test_late_packets_are_told_with_what_waits_for_them(
    adaptive: bool, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    advice = Advice()
    advice.look(snapshot(0), adaptive)
    advice.look(snapshot(WINDOW_S / 2, received=400, late=20), adaptive)
    assert not caplog.records
    advice.look(snapshot(WINDOW_S, received=800, late=20), adaptive)
    assert [record.getMessage() for record in caplog.records] == [
        f"20 of 800 packets came too late to be played in the last 10 s: {remedy} would wait for them"
    ]


def test_it_is_not_said_again_within_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    advice = Advice()
    for number in range(int(2.5 * SILENT_S / WINDOW_S)):
        advice.look(snapshot(WINDOW_S * number, received=800 * number, late=80 * number))
    assert len(caplog.records) == 3


@pytest.mark.parametrize("trouble", [{"missed": 5}, {"underruns": 5}, {"missed": 2, "underruns": 3}])
def test_frames_that_are_not_ready_are_told(
    trouble: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    advice = Advice()
    advice.look(snapshot(3))
    advice.look(snapshot(3 + WINDOW_S, **trouble))
    assert "5 frames were not ready in time" in caplog.text
    assert "--predictor fast" in caplog.text


def test_single_ones_and_few_of_many_are_let_pass(caplog: pytest.LogCaptureFixture) -> None:
    advice = Advice()
    for number in range(20):
        advice.look(snapshot(WINDOW_S * number, received=8000 * number, late=20 * number, missed=4 * number))
    advice.look(snapshot(WINDOW_S * 20, received=100, late=0))  # peers left, and took their counters along
    advice.look(snapshot(WINDOW_S * 21, received=200, late=0))
    assert not caplog.records
