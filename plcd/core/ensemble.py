"""Several predictors that speak together, as one value with a name: ``best``, ``fast``, or members joined by ``+``."""

from dataclasses import dataclass
from typing import Final

from plcd.core.predictor import Predictor

MAX_MEMBERS: Final = 8
"""Each costs a fit a packet; an oracle that picks the right one of seven gains 1.5 dB, of eight hardly more."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """One predictor or more. The first, the *primary*, is the one for long bursts, for closing holes from both sides and
    for the sampled innovation; the others have a say according to their record, see :mod:`plcd.core.forecaster`.

    ``str()`` gives the name that :meth:`parse` reads. Raises ValueError for none, for too many and for repeated members.
    """

    members: tuple[Predictor, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.members) <= MAX_MEMBERS:
            raise ValueError(f"an ensemble has 1..{MAX_MEMBERS} predictors, not {len(self.members)}")
        if len(set(self.members)) < len(self.members):
            raise ValueError(f"predictor {str(self)!r}: the same one twice")

    @classmethod
    def parse(cls, spec: str) -> "Ensemble":
        """Read a name of :data:`NAMED`, or predictors as :meth:`Predictor.parse` reads them, joined by ``+``.

        Raises ValueError with what is allowed.
        """
        name = spec.strip().lower()
        if name in NAMED:
            return NAMED[name]
        if ":" not in name:
            raise ValueError(
                f"predictor {spec!r}: expected {', '.join(NAMED)} or METHOD:ORDER/CONTEXT, as tapered:1024/4096"
            )
        return cls(tuple(Predictor.parse(member) for member in name.split("+")))

    @classmethod
    def tapered(cls, *sizes: tuple[int, int]) -> "Ensemble":
        """Tapered predictors by order and context, the primary's first."""
        return cls(tuple(Predictor("tapered", order, context) for order, context in sizes))

    @classmethod
    def of(cls, predictor: "str | Predictor | Ensemble") -> "Ensemble":
        """``predictor`` as an ensemble; a string is parsed."""
        if isinstance(predictor, str):
            return cls.parse(predictor)
        return cls((predictor,)) if isinstance(predictor, Predictor) else predictor

    @property
    def primary(self) -> Predictor:
        return self.members[0]

    @property
    def context(self) -> int:
        """The longest context of its members, in samples."""
        return max(member.context for member in self.members)

    @property
    def work(self) -> int:
        """That of all its members, see :attr:`Predictor.work`."""
        return sum(member.work for member in self.members)

    def __str__(self) -> str:
        for name, ensemble in NAMED.items():
            if ensemble == self:
                return name
        return "+".join(map(str, self.members))


NAMED: Final[dict[str, Ensemble]] = {}
"""The names that stand for an ensemble."""
BEST: Final = Ensemble.tapered((1536, 6144), (1024, 2048), (512, 2048))
FAST: Final = Ensemble.tapered((384, 1536))
NAMED.update(best=BEST, fast=FAST)
