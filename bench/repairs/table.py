"""The comparison of restorations as Markdown."""

from collections.abc import Sequence
from math import isfinite
from statistics import fmean

from comparison.markdown import NONE, Figure, interval, number, table
from comparison.measures import ODG, ZIMTOHRLI
from comparison.stats import holm, mean_interval, signed_rank_p

from repairs.cell import NMSE, Result
from repairs.gaps import LENGTHS
from repairs.methods import CAUSAL, Repair

_METRICS = ((NMSE, "NMSE, dB", 2, -1), (ODG, "ODG", 2, 1), (ZIMTOHRLI, "Zimtohrli", 2, 1))
_PROTOCOL = (
    "{clips} clips of bench/data, the first {seconds:g} s; eight gaps of one length in each (on whole packets of 512 samples, so "
    "11.6, 23.2, 46.4 and 81.3 ms at 44.1 kHz), at random places, the same for every method, drawn anew {draws} times. NMSE: "
    "error over signal of all missing samples of a clip. Figures are means over draws, then over clips, with 95 % bootstrap "
    "intervals over clips. Compute: seconds of one processor core, with other work on the machine, per second of recording (of "
    "which {share}) and per second that was missing. Only the causal concealer does not know what follows a gap."
)


def markdown(results: list[Result], repairs: list[Repair], seconds: float, draws: int) -> str:
    """All tables, and tests of each method against the causal concealer."""
    clips = {result.clip for result in results}
    shares = []
    for length in LENGTHS:
        one = [result for result in results if result.length == length]
        if one:
            share = fmean(result.gaps_s / result.clip_s for result in one)
            shares.append(f"{100 * share:.1f} % are missing at {length} ms")
    lines = [_PROTOCOL.format(clips=len(clips), seconds=seconds, draws=draws, share=", ".join(shares)), ""]
    for length in LENGTHS:
        of_length = [result for result in results if result.length == length]
        if of_length:
            lines += [f"## Gaps of {length} ms", "", *_figures(of_length, repairs), ""]
    lines += ["## Against the causal concealer", "", *_tests(results, repairs), ""]
    return "\n".join(lines)


def _figures(results: Sequence[Result], repairs: list[Repair]) -> list[str]:
    rows = []
    for repair in repairs:
        own = [result for result in results if result.method == repair.name]
        if not own:
            continue
        figures = []
        for metric, _, digits, sign in _METRICS:
            estimate = mean_interval(list(_by_clip(own, metric).values()))
            figures.append(Figure(interval(estimate, digits), sign * estimate.mean))
        took = sum(result.seconds for result in own)
        audio_s = sum(result.clip_s for result in own), sum(result.gaps_s for result in own)
        figures += [Figure(number(took / seconds, 3)) for seconds in audio_s]
        rows.append((repair.title, figures))
    titles = [title for _, title, *_ in _METRICS]
    return table(["method", *titles, "s per s of recording", "s per s missing"], rows)


def _tests(results: Sequence[Result], repairs: list[Repair]) -> list[str]:
    """Paired by clip, two-sided, Holm over all tests of one method; silence claims nothing."""
    rows = []
    for repair in repairs:
        found: list[tuple[str, list[list[float]]]] = []
        for length in LENGTHS:
            row = [_differences(results, repair.name, length, metric) for metric, *_ in _METRICS]
            if repair.name not in (CAUSAL, "zero") and any(row):
                found.append((f"{repair.title}, {length} ms", row))
        corrected = iter(holm([signed_rank_p(values) for _, row in found for values in row]))
        for title, row in found:
            figures = []
            for values in row:
                p = next(corrected)
                shown = NONE if p != p else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
                figures.append(Figure(f"{interval(mean_interval(values), 2, signed=True)}, {shown}"))
            rows.append((title, figures))
    caption = (
        "Each method less the causal concealer, clip by clip: mean difference with its interval, and p of Wilcoxon's signed-rank "
        "test over clips, two-sided, corrected by Holm's method for all tests of a method."
    )
    return [caption, "", *table(["less causal", *(title for _, title, *_ in _METRICS)], rows)]


def _differences(results: Sequence[Result], method: str, length: int, metric: str) -> list[float]:
    of_length = [result for result in results if result.length == length]
    own, causal = (
        _by_clip([result for result in of_length if result.method == name], metric)
        for name in (method, CAUSAL)
    )
    return [own[clip] - causal[clip] for clip in own if clip in causal]


def _by_clip(results: Sequence[Result], metric: str) -> dict[str, float]:
    """Clip to the mean over its draws; what is not finite is left out."""
    values: dict[str, list[float]] = {}
    for result in results:
        if isfinite(value := result.values[metric]):
            values.setdefault(result.clip, []).append(value)
    return {clip: fmean(found) for clip, found in values.items()}
