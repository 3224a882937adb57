"""What ``--model`` means: a file, the name of a network that ships, auto or none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plcd.cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from plcd.neural.network import Network

NONE = "none"
AUTO = "auto"
"""The default among those that ship, if there is one and it can be run."""


@dataclass(frozen=True, slots=True)
class Model:
    """What became of ``--model``."""

    network: "Network[Any] | None" = None
    failure: str | None = None
    """Why there is no network although there is a default: one line."""


def load_model(spec: str) -> Model:
    """What ``spec`` means. Raises CliError for a network that was named and is not to be had, or cannot be run."""
    if spec == NONE:
        return Model()
    from plcd.neural import shipped
    from plcd.neural.errors import ModelError

    try:
        return Model(shipped.load_default() if spec == AUTO else shipped.load_model(spec))
    except ModelError as error:
        if spec == AUTO:
            return Model(
                failure=f"the default network does not work here, the predictor plays alone: {error}"
            )
        raise CliError(f"model {error}; use --model none", ExitCode.FILE) from None
