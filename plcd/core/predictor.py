"""Which linear predictor to use: method, order and context, as one value with a name such as ``tapered:1024/4096``."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.core.linear_prediction import Real, autocorrelation_fit, burg, prediction_errors
from plcd.core.tapered_burg import tapered_burg

MAX_ORDER = 4096
"""Fitting time grows with order times context; beyond this no packet time is long enough."""
MAX_CONTEXT = 65_536
METHODS: Final = ("tapered", "burg", "lpc")

_SPEC = re.compile(r"([a-z]+):(\d{1,6})/(\d{1,6})")
MOST_ERRORS: Final = 4096
"""Of the newest prediction errors so many are kept, if there are that many: what a burst of eight packets needs."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What one fit found."""

    coefficients: Real
    """Shape ``(order + 1,)``, the first is 1; see :mod:`plcd.core.linear_prediction`."""
    errors: Real
    """The newest prediction errors in the context, oldest first: what the predictor could not know."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """A way to fit linear-prediction coefficients. ``str()`` gives the name that :meth:`parse` reads.

    Raises ValueError, with what is allowed, for values out of range.
    """

    method: str
    """``tapered``: Burg's method with the newest errors weighing most; ``burg``: Burg's method; ``lpc``: the
    autocorrelation method with Levinson's recursion."""
    order: int
    context: int
    """How many of the newest samples are fitted."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(
                f"predictor {str(self)!r}: the method is {', '.join(METHODS[:-1])} or {METHODS[-1]}"
            )
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
                f"predictor {spec!r}: expected METHOD:ORDER/CONTEXT, as tapered:1024/4096 (or burg, or lpc)"
            )
        return cls(match[1], int(match[2]), int(match[3]))

    @property
    def work(self) -> int:
        """What a fit takes, in pairs of errors that ``tapered`` goes through; ``burg`` keeps double precision for all orders."""
        pairs = self.order * self.context - self.order * (self.order + 1) // 2
        return pairs * 3 // 2 if self.method == "burg" else pairs

    def fit(self, context: Real) -> Fit:
        """Fit to ``context`` (float64, the newest sample last); where it is short the order is half its length at most."""
        order = min(self.order, context.size // 2)
        if self.method == "tapered" and context.size:
            coefficients, errors = tapered_burg(context, order)
        else:
            coefficients = (burg if self.method == "burg" else autocorrelation_fit)(context, order)
            errors = prediction_errors(context[-(order + MOST_ERRORS) :], coefficients)
        if order < self.order:
            padded = np.zeros(self.order + 1)
            padded[: coefficients.size] = coefficients
            coefficients = padded
        return Fit(coefficients, errors[-MOST_ERRORS:])

    def __str__(self) -> str:
        return f"{self.method}:{self.order}/{self.context}"
