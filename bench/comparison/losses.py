"""The losses that everything is measured under, by name: the generators of :mod:`plcd.core.loss`, placed by a seed."""

import re
from dataclasses import dataclass

import numpy as np

from plcd.cli.errors import CliError, ExitCode
from plcd.core.loss import Bursts, Flags, parse_loss

NAMED = {"gilbert10": "gilbert:.079,.69", "gilbert3": "gilbert:.0213,.69"}
"""The fit to 17,545 real bursts (IEEE-IS2 Music PLC Challenge), some 10 % of the packets; the same bursts at 3 %."""
BURSTS = ("burst8", "burst16")
"""What ``bursts`` stands for."""
EXISTING = (
    f"{', '.join(NAMED)}, burst1, burst2 ... (burstN: N in every 10N), bursts ({' and '.join(BURSTS)}), "
    "gilbert:P,R, periodic:N or bursts:LENGTH,EVERY"
)
_RARITY = 10
"""Of burstN: so many N packets hold one, which makes 10 % at every length."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A way of losing packets."""

    name: str
    spec: str
    """As :func:`plcd.core.loss.parse_loss` reads it."""

    def flags(self, packets: int, seed: int) -> Flags:
        """The trace number ``seed`` of so many packets, the same for every system.

        Fixed bursts repeat; the seed decides where the first one is, at least one packet behind the start. One that the
        end would cut short is left out, so that every burst has its length.
        """
        model, rng = parse_loss(self.spec), np.random.default_rng(seed)
        if not isinstance(model, Bursts):
            return model.sample(packets, rng)
        skipped = int(rng.integers(max(1, model.every - model.length)))
        flags = model.sample(skipped + packets, rng)[skipped:]
        rest = np.flatnonzero(~flags)
        tail = packets - 1 - int(rest[-1]) if rest.size else packets
        if 0 < tail < model.length:
            flags[packets - tail :] = False
        return flags


def parse_losses(text: str) -> list[Loss]:
    """The losses in a comma-separated list. Raises CliError that says which there are."""
    losses: dict[str, Loss] = {}
    for name in _split(text):
        for each in BURSTS if name == "bursts" else (name,):
            losses[each] = _loss(each)
    if not losses:
        raise CliError(f"--loss names none: there are {EXISTING}", ExitCode.USAGE)
    return list(losses.values())


def _loss(name: str) -> Loss:
    burst = re.fullmatch(r"burst([1-9]\d{0,2})", name)
    length = int(burst[1]) if burst else 0
    spec = NAMED.get(name) or (f"bursts:{length},{_RARITY * length}" if burst else name)
    try:
        if spec == "none":
            raise ValueError
        parse_loss(spec)
    except ValueError:
        raise CliError(f"--loss {name!r}: there are {EXISTING}", ExitCode.USAGE) from None
    return Loss(name, spec)


def _split(text: str) -> list[str]:
    """The items of a list whose items may hold commas before numbers: ``a,gilbert:.1,.5,b``."""
    items: list[str] = []
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        if items and re.fullmatch(r"[\d.]+(e-?\d+)?", piece):
            items[-1] += f",{piece}"
        else:
            items.append(piece)
    return items
