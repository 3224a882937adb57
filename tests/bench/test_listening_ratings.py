"""Rating on the listening page, in a real browser: what is missing, what is hidden, what is kept and what comes out."""

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest
from headless_browser import Browser
from listening_items import NAMES, plan_of, write_clips
from listening_visit import (
    LABELS,
    SAVED,
    disabled,
    hear,
    loaded,
    names_absent,
    rate,
    ratings,
    start,
    text,
    visit,
    whole_page,
)

pytestmark = [pytest.mark.timeout(900)]  # a browser may have to be installed first


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two clips."""
    return write_clips(tmp_path_factory.mktemp("page"), "oboe", "flute")


def test_next_waits_until_all_is_heard_and_rated_and_says_what_is_missing(
    browser: Browser, page: Path
) -> None:
    with visit(browser, page) as tab:
        assert text(tab, "missing") == "Still to hear: A, B, C, D, Reference. Still to rate: A, B, C, D."
        for label in LABELS:
            assert disabled(tab, "next")
            rate(tab, label, 50)  # where the thumb is already: that counts too
        assert text(tab, "missing") == "Still to hear: A, B, C, D, Reference."
        hear(tab, "Reference", "A", "B", "C")
        assert text(tab, "missing") == "Still to hear: D."
        assert disabled(tab, "next")
        tab.evaluate("document.getElementById('next').click()")
        assert text(tab, "progress") == "Clip 1 of 2"
        hear(tab, "D")
        assert text(tab, "missing") == "All heard and rated."
        assert not disabled(tab, "next")


def test_spectrograms_come_when_ratings_are_locked_and_not_before(browser: Browser, page: Path) -> None:
    shown = "document.querySelectorAll('#pictures canvas').length"
    with visit(browser, page) as tab:
        hear(tab, *LABELS, "Reference")
        for label in LABELS:
            assert tab.evaluate(shown) == 0
            assert disabled(tab, "reveal")
            rate(tab, label, 77)
        tab.click("#timeline", x=0.2, to_x=0.8)
        assert tab.evaluate("document.getElementById('spectrograms').hidden")
        tab.click("#reveal")
        assert not tab.evaluate("document.getElementById('spectrograms').hidden")
        captions = tab.evaluate("Array.from(document.querySelectorAll('figcaption'), (e) => e.textContent)")
        assert captions == ["Reference", *(f"{label}, rated 77" for label in LABELS)]
        brightest = tab.evaluate(
            "Array.from(document.querySelectorAll('#pictures canvas'), (c) => c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data.filter((_, i) => i % 4 === 0).reduce((a, b) => Math.max(a, b)))"
        )
        assert brightest[0] > 200  # the reference is loudest
        assert sorted(brightest)[0] < 10  # and one is silent
        assert tab.evaluate("Array.from(document.querySelectorAll('.scale input')).every((e) => e.disabled)")
        assert text(tab, "missing") == "All heard and rated; ratings are locked."
        names_absent(tab)
        tab.reload()
        loaded(tab)
        assert tab.evaluate(shown) == 5
        assert tab.complaints() == []


def test_a_full_run_gives_the_ratings_of_each_system(browser: Browser, page: Path, tmp_path: Path) -> None:
    listener = 'Ann "B", C'
    with visit(browser, page, begin=False, downloads=tmp_path) as tab:
        names_absent(tab)
        start(tab, listener)
        given: dict[tuple[str, str], int] = {}
        for step in range(2):
            assert text(tab, "progress") == f"Clip {step + 1} of 2"
            for place, label in enumerate(LABELS):
                given[text(tab, "clip-title"), label] = 6 + 26 * place + 10 * step
                rate(tab, label, given[text(tab, "clip-title"), label])
            hear(tab, *LABELS, "Reference")
            names_absent(tab)
            assert text(tab, "next") == ("Next", "Finish")[step]
            tab.click("#next")
            if step == 0:
                loaded(tab)
        tab.click("#download")
        deadline = time.monotonic() + 10
        while not (files := list(tmp_path.glob("*.csv"))) and time.monotonic() < deadline:
            tab.evaluate("new Promise((done) => setTimeout(done, 20))")
        table = tab.evaluate(
            "Array.from(document.querySelectorAll('#by-system tbody tr'), (r) => Array.from(r.cells, (c) => c.textContent))"
        )
        note = text(tab, "screening")
        assert [name for name in NAMES[1:] if name not in whole_page(tab)] == []
        tab.evaluate("window.confirm = () => true")
        tab.click("#again")
        afresh = tab.evaluate(SAVED)
        assert not tab.evaluate("document.getElementById('intro').hidden")
        tab.click("#begin button")
        loaded(tab)
        assert ratings(tab) == ["–"] * 4
        names_absent(tab)
        assert tab.complaints() == []

    content = files[0].read_text(encoding="utf-8")
    rows = list(csv.DictReader(content.splitlines()))
    seed = int(rows[0]["seed"])
    assert files[0].name == f"listening-Ann-B-C-{seed}.csv"
    assert afresh["seed"] != seed
    assert {(row["listener"], row["seed"]) for row in rows} == {(listener, str(seed))}
    order, behind = plan_of(seed, 2, len(NAMES))
    clips = ["oboe", "flute"]
    expected = [
        (clips[clip], str(number), label, NAMES[behind[clip][place]], str(given[clips[clip], label]))
        for number, clip in enumerate(order, 1)
        for place, label in enumerate(LABELS)
    ]
    columns = ("clip", "order", "label", "system", "rating")
    assert [tuple(row[column] for column in columns) for row in rows] == expected
    assert all(float(row["seconds_listened"]) >= 0.5 and row["plays"] == "1" for row in rows)

    by_system = {name: [int(row["rating"]) for row in rows if row["system"] == name] for name in NAMES}
    titles = {"hidden reference": "reference", "zero (anchor)": "zero"}
    for title, mean, interval, _ in table:
        values = by_system.pop(titles.get(title, title))
        half = 12.7062 * abs(values[0] - values[1]) / 2  # Student's t of one degree of freedom
        assert float(mean) == np.mean(values)
        low, high = (float(edge) for edge in interval.replace("−", "-").split(" to "))
        assert (low, high) == pytest.approx((np.mean(values) - half, np.mean(values) + half), abs=0.06)
    assert by_system == {}
    unsure = sum(int(row["rating"]) < 90 for row in rows if row["system"] == "reference")
    assert f"below 90 in {unsure} of 2 clips" in note


def test_a_reload_loses_nothing_and_what_is_broken_is_not_taken(browser: Browser, page: Path) -> None:
    with visit(browser, page) as tab:
        rate(tab, "B", 31)
        rate(tab, "D", 88)
        hear(tab, "C")
        before = tab.evaluate(SAVED)
        title = text(tab, "clip-title")
        tab.reload()
        loaded(tab)
        assert text(tab, "clip-title") == title
        assert ratings(tab) == ["–", "31", "–", "88"]
        assert text(tab, "missing") == "Still to hear: A, B, D, Reference. Still to rate: A, C."
        after = tab.evaluate(SAVED)
        assert after["seed"] == before["seed"]
        assert after["listener"] == "Ann"

        broken = json.dumps(json.dumps({"seed": 1, "step": 99}))
        tab.evaluate(f"localStorage.setItem(Object.keys(localStorage)[0], {broken})")
        tab.reload()
        assert not tab.evaluate("document.getElementById('intro').hidden")
        assert tab.evaluate(SAVED)["seed"] != before["seed"]
        assert tab.complaints() == []
