"""README's tables are those of the result files; and what is said where they cannot be."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import pytest
from quality_bench import BENCH
from readme_tables import TablesError, readme_with

QUALITY = (BENCH / "QUALITY.md").read_text(encoding="utf-8")
RESULTS = (BENCH / "RESULTS.md").read_text(encoding="utf-8")
MARKED = "a\n<!-- quality: -->\nold\n<!-- /quality -->\nb\n<!-- costs: -->\n<!-- /costs -->\nc\n"

TITLE = "**plcd** with the network `hybrid`, the default"


def _row(text: str, start: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {start} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


MEMORY = _row(RESULTS, "daemon: resident memory")[2]


def test_readme_says_what_the_results_say() -> None:
    """Else run bench/readme_tables.py; `make bench` and `make bench-quality` do."""
    readme = (BENCH.parent / "README.md").read_text(encoding="utf-8")
    assert readme == readme_with(readme, QUALITY, RESULTS)


def test_what_is_measured_anew_goes_into_the_tables_and_nothing_else() -> None:
    before = readme_with(MARKED, QUALITY, RESULTS)
    assert before.startswith("a\n<!-- quality: -->\n| 10 % loss")
    assert before.endswith("<!-- /costs -->\nc\n")
    assert "old" not in before
    own = next(line for line in QUALITY.splitlines() if line.startswith("| plcd + hybrid |"))
    measured = own.replace(own.split("|")[2], " **−4.25 [−5.00, 1.00]** ")
    changed = readme_with(MARKED, QUALITY.replace(own, measured, 1), RESULTS)
    assert _row(changed, TITLE)[1] == "**-4.3** " + _row(before, TITLE)[1].split(" ")[1]
    assert _row(changed, TITLE)[2:] == _row(before, TITLE)[2:]
    assert _row(readme_with(MARKED, QUALITY, RESULTS.replace(MEMORY, "99.4 MB")), "memory")[1] == "99 MB"


def test_bold_is_only_what_is_causal() -> None:
    ahead = next(line for line in QUALITY.splitlines() if line.startswith("| plcd + hybrid, lookahead 1 |"))
    assert "**" in ahead
    text = readme_with(MARKED, QUALITY, RESULTS)
    assert not any("**" in cell for cell in _row(text, "the same with one packet of lookahead"))


@pytest.mark.parametrize(
    ("readme", "quality", "results", "told"),
    [
        (MARKED.replace("/costs", "costs"), QUALITY, RESULTS, "README.md has 0 places marked <!-- costs"),
        (MARKED, QUALITY.replace("| AR 256 |", "| AR |"), RESULTS, "'gilbert10, causal', has no 'AR 256'"),
        (MARKED, QUALITY.replace("## burst8", "## other"), RESULTS, "'burst8, causal'"),
        (MARKED, QUALITY, RESULTS.replace("| daemon: resident memory", "| x"), "bench/RESULTS.md has no"),
        (MARKED, QUALITY, RESULTS.replace("processor", "x"), "does not name the machine"),
        (MARKED, QUALITY, RESULTS.replace(MEMORY, "unknown"), "there is no number in 'unknown'"),
    ],
)
def test_what_is_missing_is_said(readme: str, quality: str, results: str, told: str) -> None:
    with pytest.raises(TablesError) as error:
        readme_with(readme, quality, results)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
