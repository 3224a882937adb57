"""All results of a comparison, arranged: what each system has on each clip."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from comparison.cell import Result
from comparison.measures import LOUDEST
from comparison.plan import Settings
from comparison.stats import Estimate, mean_interval
from comparison.systems import System


@dataclass(frozen=True, slots=True)
class Entry:
    """One system with one lookahead: a row of a table."""

    system: System
    lookahead: int

    @property
    def title(self) -> str:
        return self.system.title + (f", lookahead {self.lookahead}" if self.lookahead else "")


class Board:
    """``results`` in any order; ``settings`` says what is in them."""

    def __init__(self, results: list[Result], settings: Settings) -> None:
        self.settings = settings
        self.entries = [Entry(*run) for run in settings.runs()]
        order = [(entry.system.name, entry.lookahead) for entry in self.entries]
        losses = [loss.name for loss in settings.losses]
        self.results = sorted(
            results,
            key=lambda r: (r.clip, losses.index(r.loss), r.trace, order.index((r.system, r.lookahead))),
        )
        """By clip, loss, trace, lookahead and system."""
        self._by: dict[tuple[str, str, int], dict[str, list[Result]]] = defaultdict(lambda: defaultdict(list))
        for result in self.results:
            self._by[result.loss, result.system, result.lookahead][result.clip].append(result)

    def clips(self) -> list[str]:
        """The names of all clips, in order."""
        return sorted({result.clip for result in self.results})

    def entry(self, name: str, lookahead: int = 0) -> Entry | None:
        """The row of the system called ``name``, if it is there."""
        return next(
            (e for e in self.entries if e.system.name == name and e.lookahead == lookahead),
            None,
        )

    def of_clip(self, loss: str, entry: Entry, clip: str) -> list[Result]:
        """The results of all traces of one clip."""
        return self._by[loss, entry.system.name, entry.lookahead].get(clip, [])

    def per_clip(self, loss: str, entry: Entry, metric: str) -> dict[str, float]:
        """Clip to the mean over its traces (the loudest hole: the largest); what is not finite is left out of a mean."""
        by_clip = self._by[loss, entry.system.name, entry.lookahead]
        found = {
            clip: _over_traces([r.values[metric] for r in results], metric)
            for clip, results in by_clip.items()
        }
        return {clip: value for clip, value in found.items() if not np.isnan(value)}

    def estimate(self, loss: str, entry: Entry, metric: str) -> Estimate:
        """Mean over clips."""
        return mean_interval(list(self.per_clip(loss, entry, metric).values()))

    def differences(self, loss: str, entry: Entry, other: Entry, metric: str) -> dict[str, float]:
        """Clip to what ``entry`` has more than ``other``, for the clips that have a value of both."""
        ours, theirs = self.per_clip(loss, entry, metric), self.per_clip(loss, other, metric)
        return {clip: ours[clip] - theirs[clip] for clip in ours if clip in theirs}

    def by_burst(self, entry: Entry) -> dict[int, Estimate]:
        """Gap SNR in dB by length of the burst in packets, over all losses: lengths that at least half of the clips have."""
        lengths: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for loss in self.settings.losses:
            for clip, results in self._by[loss.name, entry.system.name, entry.lookahead].items():
                for result in results:
                    for length, db in result.by_burst.items():
                        lengths[length][clip].append(db)
        enough = len(self.clips()) / 2
        return {
            length: mean_interval([float(np.mean(found)) for found in by_clip.values()])
            for length, by_clip in sorted(lengths.items())
            if len(by_clip) >= enough
        }


def _over_traces(values: list[float], metric: str) -> float:
    if metric == LOUDEST:
        return max((value for value in values if not np.isnan(value)), default=float("nan"))
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")
