"""What the figures say of ours: tests against every other system, what lookahead brings, and where it is worst."""

from comparison.board import Board, Entry
from comparison.markdown import NONE, Figure, interval, number, table
from comparison.measures import GAP_SNR, ODG, ZIMTOHRLI
from comparison.stats import holm, mean_interval, signed_rank_p
from comparison.systems import AR256, BASELINE, ZERO

_METRICS = ((GAP_SNR, "gap SNR, dB"), (ODG, "ODG"), (ZIMTOHRLI, "Zimtohrli"))
_WORST = 3


def ours(board: Board) -> Entry | None:
    """The first system that is plcd, causal; with the first lookahead there is if it is not run without."""
    return next((entry for entry in board.entries if entry.system.looks_ahead), None)


def verdicts(board: Board, loss: str) -> list[str]:
    """Lines of Markdown below the tables of ``loss``; none where ours is not among the systems."""
    us = ours(board)
    if us is None:
        return []
    return [*_tests(board, loss, us), *_lookahead(board, loss), *_shortfalls(board, loss, us)]


def shortfalls(board: Board, loss: str, us: Entry, metric: str) -> dict[str, float]:
    """Clip to ours less the better of AR 256 and the baseline, the worst first; empty where neither was run."""
    others = [entry for entry in (board.entry(AR256), board.entry(BASELINE)) if entry is not None]
    rivals = [board.differences(loss, us, other, metric) for other in others]
    found = {
        clip: min(rival[clip] for rival in rivals if clip in rival)
        for clip in board.clips()
        if any(clip in rival for rival in rivals)
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _tests(board: Board, loss: str, us: Entry) -> list[str]:
    others = [entry for entry in board.entries if entry != us]
    differences = [[board.differences(loss, us, other, metric) for metric, _ in _METRICS] for other in others]
    raw = [signed_rank_p(list(found.values())) for row in differences for found in row]
    corrected = iter(holm(raw))
    rows = []
    for other, row in zip(others, differences, strict=True):
        figures = []
        for found in row:
            p = next(corrected)
            shown = NONE if p != p else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
            figures.append(
                Figure(f"{interval(mean_interval(list(found.values())), 2, signed=True)}, {shown}")
            )
        rows.append((other.title, figures))
    if not rows:
        return []
    caption = (
        f"{us.title} less each other system: mean difference over clips with its interval, and p of Wilcoxon's signed-rank test "
        f"over clips, two-sided, corrected by Holm's method for the {len(raw)} tests of this table."
    )
    return [
        f"### {loss}: {us.title} against the others",
        "",
        caption,
        "",
        *table(["less", *(t for _, t in _METRICS)], rows),
        "",
    ]


def _lookahead(board: Board, loss: str) -> list[str]:
    lines = []
    for entry in board.entries:
        causal = board.entry(entry.system.name)
        if not entry.lookahead or causal is None:
            continue
        parts = []
        for metric, title in _METRICS:
            found = board.differences(loss, entry, causal, metric)
            if found:
                parts.append(f"{title} {interval(mean_interval(list(found.values())), 2, signed=True)}")
        odg = board.differences(loss, entry, causal, ODG)
        if odg:
            clip = min(odg, key=lambda name: odg[name])
            parts.append(f"worst clip {number(odg[clip], 2, signed=True)} ODG ({clip})")
        lines += [f"{entry.title} less the same causal: {'; '.join(parts) or NONE}.", ""]
    return lines


def _shortfalls(board: Board, loss: str, us: Entry) -> list[str]:
    rows = []
    for metric, title in _METRICS[1:]:
        found = shortfalls(board, loss, us, metric)
        worst = [f"{number(value, 2, signed=True)} ({clip})" for clip, value in list(found.items())[:_WORST]]
        if worst:
            rows.append((title, [Figure(text) for text in [*worst, *[NONE] * (_WORST - len(worst))]]))
    if not rows:
        return []
    return [
        f"### {loss}: where {us.title} is worst",
        "",
        "Ours less the better of AR 256 and the baseline, clip by clip, mean over traces.",
        "",
        *table(["", "worst", "second", "third"], rows),
        "",
    ]


def worst_clips(board: Board, loss: str, count: int) -> list[str]:
    """The clips where ours does worst, ODG and Zimtohrli together; by ODG alone where there is nothing to compare with."""
    us = ours(board)
    if us is None:
        entries = [entry for entry in board.entries if entry.system.name != ZERO] or board.entries
        us = entries[0]
    odg, mos = (shortfalls(board, loss, us, metric) for metric in (ODG, ZIMTOHRLI))
    both = {clip: odg.get(clip, 0.0) + mos.get(clip, 0.0) for clip in {**odg, **mos}}
    ranked = both or board.per_clip(loss, us, ODG) or board.per_clip(loss, us, GAP_SNR)
    return sorted(ranked, key=lambda clip: (ranked[clip], clip))[:count]
