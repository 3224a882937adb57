"""The methods of restoration by name. A method's module, and what it needs, is loaded when it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from plcd.restoration.blind import BlindRestorer
from plcd.restoration.errors import RestorationError
from plcd.restoration.restorer import Restorer


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may say to a method; each takes what concerns it."""

    device: str = "cpu"
    """``cpu`` or ``cuda``, for methods with a network."""
    steps: int | None = None
    """For methods that fit: how many steps at most; None: the method's own."""
    model: str | None = None
    """For methods with trained weights: a file or the name of one that ships; None: the method's own."""
    seed: int = 0
    """Of whatever is drawn."""
    folder: Path | None = None
    """Where a method may keep work that is not finished; None: nowhere. It changes no result."""


@dataclass(frozen=True, slots=True)
class Method:
    """A name on the command line and what stands behind it."""

    summary: str
    make: Callable[[Options], Restorer]
    """Raises RestorationError where a model or a device is missing."""
    needs: tuple[str, ...] = ()
    """Packages that have to be installed."""
    extra: str = ""
    """The optional extra that brings them."""
    takes: tuple[str, ...] = ()
    """Those of the options that concern it."""
    make_blind: Callable[[Options], BlindRestorer] | None = None
    """For methods that need not know where the gaps are."""

    @property
    def absent(self) -> tuple[str, ...]:
        """Those of ``needs`` that are not installed."""
        return tuple(package for package in self.needs if find_spec(package) is None)


def make(name: str, options: Options | None = None) -> Restorer:
    """The method called ``name``, ready. Raises RestorationError."""
    return _method(name).make(options or Options())


def make_blind(name: str, options: Options | None = None) -> BlindRestorer:
    """The same for recordings whose gaps are not known. Raises RestorationError, also where ``name`` has to know them."""
    method = _method(name)
    if method.make_blind is None:
        able = ", ".join(name for name, method in METHODS.items() if method.make_blind is not None)
        raise RestorationError(f"the method {name} has to know where the gaps are; blind works with {able}")
    return method.make_blind(options or Options())


def _method(name: str) -> Method:
    method = METHODS.get(name)
    if method is None:
        raise RestorationError(f"unknown method {name!r}: there are {', '.join(METHODS)}")
    if method.absent:
        raise RestorationError(
            f"the method {name} needs {', '.join(method.absent)}: pip install '.[{method.extra}]' in plcd's folder"
        )
    return method


def _interpolate(options: Options) -> Restorer:
    from plcd.restoration.interpolate import Interpolate

    return Interpolate()


def _deep_prior(options: Options) -> Restorer:
    from plcd.restoration.deep_prior.fitting import Settings
    from plcd.restoration.deep_prior.restorer import STEPS, DeepPrior, halves

    steps = STEPS if options.steps is None else options.steps
    settings = Settings(seed=options.seed, bfloat16=halves(options.device))
    return DeepPrior(steps, settings, options.device, options.folder)


def _res_u_net(options: Options) -> Restorer:
    from plcd.restoration.res_u_net.known import ResUNet
    from plcd.restoration.res_u_net.loading import load

    return ResUNet(*load(options.model))


def _res_u_net_blind(options: Options) -> BlindRestorer:
    from plcd.restoration.res_u_net.blind import BlindResUNet
    from plcd.restoration.res_u_net.loading import load

    return BlindResUNet(*load(options.model))


METHODS: Final[dict[str, Method]] = {
    "interpolate": Method("autoregressive, from both sides; gaps up to 100 ms", _interpolate),
    "deep-prior": Method(
        "a network fitted to each gap's surroundings; minutes a gap, gaps of 40 to 80 ms",
        _deep_prior,
        ("torch",),
        "restore",
        ("device", "steps"),
    ),
    "res-u-net": Method(
        "a trained network of spectrograms; gaps up to 350 ms, and blind (--gaps blind)",
        _res_u_net,
        takes=("model",),
        make_blind=_res_u_net_blind,
    ),
}
