"""Real-time packet-loss concealment for networked music performance.

``from plcd import Concealer`` gives the streaming concealer; see :class:`plcd.core.concealer.Concealer`.
``load_model`` gives a network to go with it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plcd.core.concealer import Concealer as Concealer
    from plcd.neural.shipped import load_model as load_model

__version__ = "0.1.0"
__all__ = ["Concealer", "__version__", "load_model"]


def __getattr__(name: str) -> object:
    """Load the concealer, and with it the compiler, and what runs networks only when asked for."""
    if name == "Concealer":
        from plcd.core.concealer import Concealer

        return Concealer
    if name == "load_model":
        from plcd.neural.shipped import load_model

        return load_model
    raise AttributeError(f"module 'plcd' has no attribute {name!r}")
