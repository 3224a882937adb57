"""Which linear predictor to use: method, order and context, as one value with a name such as ``burg:1024/4096``."""

import re
from dataclasses import dataclass

from plcd.core.linear_prediction import Real, autocorrelation_fit, burg

MAX_ORDER = 4096
"""Fitting time grows with order times context; beyond this no packet time is long enough."""
MAX_CONTEXT = 65_536

_SPEC = re.compile(r"(burg|lpc):(\d{1,6})/(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Predictor:
    """A way to fit linear-prediction coefficients. ``str()`` gives the name that :meth:`parse` reads.

    Raises ValueError, with what is allowed, for values out of range.
    """

    method: str
    """``burg``, or ``lpc`` for the autocorrelation method with Levinson's recursion."""
    order: int
    context: int
    """How many of the newest samples are fitted."""

    def __post_init__(self) -> None:
        if self.method not in ("burg", "lpc"):
            raise ValueError(f"predictor {str(self)!r}: the method is burg or lpc")
        if not 1 <= self.order <= MAX_ORDER:
            raise ValueError(f"predictor {str(self)!r}: the order must lie in 1..{MAX_ORDER}")
        if not 2 * self.order <= self.context <= MAX_CONTEXT:
            raise ValueError(
                f"predictor {str(self)!r}: the context must lie in {2 * self.order}..{MAX_CONTEXT} (twice the order or more)"
            )

    @classmethod
    def parse(cls, spec: str) -> "Predictor":
        """Read ``METHOD:ORDER/CONTEXT``. Raises ValueError with what is allowed."""
        match = _SPEC.fullmatch(spec.strip().lower())
        if match is None:
            raise ValueError(
                f"predictor {spec!r}: expected burg:ORDER/CONTEXT or lpc:ORDER/CONTEXT, as burg:1024/4096"
            )
        return cls(match[1], int(match[2]), int(match[3]))

    def fit(self, context: Real) -> Real:
        """Coefficients ``(order + 1,)`` for ``context``, whose order is lowered to half its length where it is short."""
        order = min(self.order, context.size // 2)
        coefficients = burg(context, order) if self.method == "burg" else autocorrelation_fit(context, order)
        if order < self.order:
            padded = coefficients.copy()
            padded.resize(self.order + 1, refcheck=False)
            return padded
        return coefficients

    def __str__(self) -> str:
        return f"{self.method}:{self.order}/{self.context}"


DEFAULT_PREDICTOR = Predictor("burg", 1024, 4096)
