"""The systems that can be compared, by name."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from comparison.concealed import Concealed
from comparison.ours import conceal_with_plcd
from comparison.peers import Recipe, extrapolate_with, repeat_last, zero_fill
from plcd.cli.errors import CliError, ExitCode
from plcd.cli.models import load_model
from plcd.core.concealer import Concealer
from plcd.core.frame import Samples
from plcd.core.linear_prediction import autocorrelation_fit, burg
from plcd.core.loss import Flags
from plcd.core.refiner import Refiner, own_predictor
from plcd.neural.shipped import find_model, shipped

Conceal = Callable[[Samples, Flags, int, int, int], Concealed]
"""Samples ``(n, channels)`` float32 in whole packets, flags ``(packets,)``, packet in samples, rate in Hz, lookahead in packets.

What the flags say is lost must not be used.
"""


@dataclass(frozen=True, slots=True)
class System:
    """Something that conceals."""

    name: str
    title: str
    """A few words for tables and plots."""
    description: str
    conceal: Conceal
    module: str
    """Where it lives: a change of that module, or of what it imports, makes old results invalid."""
    looks_ahead: bool = False
    """Whether it can use packets behind a hole; the others are run without lookahead only."""
    conceal_live: Conceal | None = None
    """The same as it runs live, with work done ahead of any loss, where that differs: for timing."""
    definition: str = ""
    """What beside the code decides the result: a model's hash."""


ZERO, BASELINE, OURS, AR256 = "zero", "burg", "plcd", "ar256"
_PREFIX: Final = "plcd:"
_PEERS, _OURS = "comparison.peers", "comparison.ours"


def _peer(name: str, title: str, description: str, recipe: Recipe) -> System:
    return System(name, title, description, partial(extrapolate_with, recipe), _PEERS)


def _ours(
    name: str,
    title: str,
    description: str,
    predictor: str | None,
    noise: float,
    refiner: Refiner | None = None,
    definition: str = "",
) -> System:
    offline, live = (partial(conceal_with_plcd, predictor, noise, refiner, live) for live in (False, True))
    return System(name, title, description, offline, _OURS, True, live, definition)


REGISTRY: Final = {
    system.name: system
    for system in (
        System(ZERO, "zero fill", "lost packets are silent", zero_fill, _PEERS),
        System("repeat", "repeat", "the last packet played is played again", repeat_last, _PEERS),
        _peer(
            "burg511",
            "Burg 511, one packet",
            "what JackTrip does: Burg of order 511 on the one packet before the hole, crossfade over a whole packet",
            Recipe(burg, 511, context=None, fade=None),
        ),
        _peer(
            AR256,
            "AR 256",
            "autocorrelation method, order 256 on 4096 samples, crossfade over 256",
            Recipe(autocorrelation_fit, 256, context=4096, fade=256),
        ),
        _peer(
            "ar1024",
            "AR 1024",
            "autocorrelation method, order 1024 on 4096 samples, crossfade over 32",
            Recipe(autocorrelation_fit, 1024, context=4096, fade=32),
        ),
        _peer(
            BASELINE,
            "Burg 1024 (baseline)",
            "Burg's method, order 1024 on 4096 samples, crossfade over 32: the baseline",
            Recipe(burg, 1024, context=4096, fade=32),
        ),
        _ours(OURS, "plcd", "plcd without a network, --model none", None, 1.0),
    )
}
DEFAULT: Final = ",".join((*REGISTRY, "plcd:best@0", *(f"{name}.onnx" for name in shipped())))
"""With ours without sampled innovation, nearest in waveform, and with every network that ships."""
EXISTING: Final = (
    f"{', '.join(REGISTRY)}, plcd:PREDICTOR, plcd:PREDICTOR@NOISE (as plcd:burg:512/4096, plcd:best@0) "
    "or the path of an .onnx file, FILE.onnx@NOISE"
)


@cache
def find_system(name: str) -> System:
    """The system called ``name``. Raises CliError that says which there are."""
    if name in REGISTRY:
        return REGISTRY[name]
    if name.startswith(_PREFIX):
        return _with_predictor(name, name.removeprefix(_PREFIX))
    if name.partition("@")[0].endswith(".onnx"):
        return _with_model(name)
    raise CliError(f"--systems {name!r}: there are {EXISTING}", ExitCode.USAGE)


def parse_systems(text: str) -> list[System]:
    """The systems in a comma-separated list, zero fill always among them. Raises CliError that says which there are."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise CliError(f"--systems names none: there are {EXISTING}", ExitCode.USAGE)
    return [find_system(name) for name in dict.fromkeys((ZERO, *names))]


def _with_predictor(name: str, options: str) -> System:
    predictor, _, amount = options.partition("@")
    noise = _noise(name, amount, predictor)
    description = f"plcd with --predictor {predictor}" + (f" --noise {amount}" if amount else "")
    return _ours(name, f"plcd {options}", description, predictor, noise)


def _noise(name: str, amount: str, predictor: str | None = None) -> float:
    try:
        noise = float(amount or "1")
        Concealer(44_100, predictor=predictor, noise=noise)
    except ValueError as error:
        raise CliError(f"--systems {name!r}: {error}", ExitCode.USAGE) from None
    return noise


def _with_model(name: str) -> System:
    file, _, amount = name.partition("@")
    noise = _noise(name, amount)
    refiner = load_model(file).network
    path = find_model(file)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    own = own_predictor(refiner)
    on = ("" if own is None else f" on {own}") + (f"@{amount}" if amount else "")
    return _ours(
        name,
        f"plcd + {path.stem}{on}",
        f"plcd with the network {path.name}{on}",
        None,
        noise,
        refiner,
        digest,
    )
