"""Which gaps are restored together, and which samples a method is shown for them."""

from collections.abc import Iterator
from dataclasses import dataclass

from plcd.restoration.gap_lists import Gaps
from plcd.restoration.restorer import Reach


@dataclass(frozen=True, slots=True)
class Group:
    """Gaps of one window."""

    gaps: tuple[tuple[int, int], ...]
    """First sample and first behind it, of each."""

    @property
    def start(self) -> int:
        return self.gaps[0][0]

    @property
    def stop(self) -> int:
        return self.gaps[-1][1]

    @property
    def missing(self) -> int:
        """Samples to be restored, per channel."""
        return sum(stop - start for start, stop in self.gaps)

    def window(self, reach: Reach, samples: int) -> tuple[int, int]:
        """The samples a method is shown, in a file of ``samples``."""
        return max(0, self.start - reach.before), min(samples, self.stop + reach.after)


def grouped(gaps: Gaps, reach: Reach) -> Iterator[Group]:
    """The gaps (merged) that are not too long, in order, as many in a group as ``reach.together`` lets."""
    waiting: list[tuple[int, int]] = []
    for start, stop in gaps.tolist():
        if stop - start > reach.longest:
            continue
        if waiting and stop - waiting[0][0] > reach.together:
            yield Group(tuple(waiting))
            waiting = []
        waiting.append((start, stop))
    if waiting:
        yield Group(tuple(waiting))


def longer_than(gaps: Gaps, longest: int) -> Gaps:
    """Those of ``gaps`` that a method which restores ``longest`` samples leaves as they are."""
    return gaps[gaps[:, 1] - gaps[:, 0] > longest]
