"""``python -m plcd.neural.trial``: a process that tries the network given to its standard input, and says what it thinks.

Prints one JSON object: ``{"refused": null}``, or the reason. What a broken or hostile file does to a process, it does to
this one.
"""

import contextlib
import json
import os
import sys
import threading
from typing import Any, Final

import numpy as np

from plcd.core.refiner import Block
from plcd.neural.errors import ModelError
from plcd.neural.loading import RUN_S, make_network
from plcd.neural.network import Network

MEMORY: Final = 8 << 30
"""Bytes of address space beside some times the file's size: onnxruntime alone reserves about 1 GB."""
SOONER: Final = "PLCD_TRIAL_RUN_S"
"""Variable of the environment with fewer seconds than a run may take."""
_COPIES: Final = 6
"""How many times the file's size loading may take."""


def reason(content: bytes) -> str | None:
    """Why the network is refused; None where it is not."""
    try:
        network = make_network(content)
        return _runs(network)
    except ModelError as error:
        return str(error)
    except MemoryError:
        return f"it wants more than {MEMORY >> 30} GB of memory"


def _runs(network: Network[Any]) -> str | None:
    """Why two runs, on noise and on silence, are not what the contract says."""
    rng = np.random.default_rng(0)
    for level in (0.1, 0.0):
        past, prediction, innovation = (
            (level * rng.standard_normal(size)).astype(np.float32)
            for size in (network.context, network.horizon, network.horizon)
        )
        received = np.ones(past.size, dtype=np.bool_)
        result = _in_time(network, Block(past, received, prediction, innovation, 0, network.contract.rate))
        if isinstance(result, str):
            return result
    return None


def _in_time(network: Network[Any], block: Block) -> str | None:
    limit_s = min(RUN_S, float(os.environ.get(SOONER, RUN_S)))
    late = threading.Timer(limit_s, lambda: _say(f"a run takes longer than {limit_s:.0f} s"))
    late.daemon = True
    late.start()
    try:
        result = network.refine(block)
    finally:
        late.cancel()
    if result is None:
        return f"it fails when it runs: {network.failure}"
    if result.shape != (network.made,):
        return f"a run gives {result.size} samples instead of {network.made}"
    if not np.isfinite(result).all():
        return "a run gives NaN or infinity"
    return None


def _say(refused: str | None) -> None:
    """Once, and the end: whatever still runs is not waited for."""
    os.write(1, json.dumps({"refused": refused}).encode())
    os._exit(0)


def main() -> None:
    """Try what is on standard input."""
    content = sys.stdin.buffer.read()
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        limit = MEMORY + _COPIES * len(content)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _say(reason(content))


if __name__ == "__main__":
    main()
