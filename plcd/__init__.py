"""Real-time packet-loss concealment for networked music performance.

``from plcd import Concealer`` gives the streaming concealer; see :class:`plcd.core.concealer.Concealer`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plcd.core.concealer import Concealer as Concealer

__version__ = "0.1.0"
__all__ = ["Concealer", "__version__"]


def __getattr__(name: str) -> object:
    """Load the concealer, and with it the compiler, only when asked for."""
    if name == "Concealer":
        from plcd.core.concealer import Concealer

        return Concealer
    raise AttributeError(f"module 'plcd' has no attribute {name!r}")
