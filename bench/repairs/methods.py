"""What is compared: the causal concealer, the same with lookahead, silence, and every method of restoration that is installed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from comparison.fingerprint import fingerprint

from plcd.cli.errors import CliError, ExitCode
from plcd.core.concealer import Concealer
from plcd.core.frame import Samples
from plcd.core.loss import Flags
from plcd.offline.audio_files import AudioInfo
from plcd.restoration.gap_lists import of_trace
from plcd.restoration.methods import METHODS, Options, make
from plcd.restoration.restore import put, restore_group
from plcd.restoration.restorer import Audio
from plcd.restoration.tape import Tape
from plcd.restoration.windows import grouped
from repairs.gaps import PACKET

CAUSAL: Final = "causal"
_MEASURED_BY: Final = ("comparison.measures", "repairs.gaps", "repairs.methods")


@dataclass(frozen=True, slots=True)
class Repair:
    """Something that fills gaps."""

    name: str
    title: str
    identity: str
    """Everything that decides the result, beside the samples."""
    fill: Callable[[Samples, Flags, int], Audio]
    """Samples ``(n, channels)`` with silence in the gaps, flags a packet, rate; the same, filled."""

    def timed(self, samples: Samples, flags: Flags, rate: int) -> tuple[Audio, float]:
        """And how many seconds of a processor it took, as long as it runs on one thread."""
        started = time.process_time()
        filled = self.fill(samples, flags, rate)
        return filled, time.process_time() - started


def find_repairs(names: str, options: Options) -> list[Repair]:
    """The methods in a comma-separated list, the causal concealer always among them. Raises CliError.

    ``all``: those that are installed. A method that was named and is not there is an error.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = ("zero", CAUSAL, "lookahead", *METHODS)
    found = []
    for name in dict.fromkeys((CAUSAL, *wanted)):
        if name == "all":
            present = [name for name, method in METHODS.items() if not method.absent]
            found += [_find(name, options) for name in ("zero", "lookahead", *present)]
        elif name in known:
            found.append(_find(name, options))
        else:
            raise CliError(f"--methods {name!r}: there are {', '.join(known)}, all", ExitCode.USAGE)
    return list({repair.name: repair for repair in found}.values())


def _find(name: str, options: Options) -> Repair:
    if name in METHODS:
        restorer = make(name, options)
        module = type(restorer).__module__
        code = fingerprint(module, *_MEASURED_BY)

        def restore(samples: Samples, flags: Flags, rate: int) -> Audio:
            info = AudioInfo(Path(name), rate, samples.shape[1], samples.shape[0], "", "")
            gaps = of_trace(flags, PACKET, info.samples)
            tape = Tape(_one(samples.astype(np.float64)), info.channels)
            tape.read_to(info.samples)
            for group in grouped(gaps, restorer.reach(rate)):
                put(tape, group, restore_group(info, gaps, restorer, group, tape, lambda _: None))
            return tape.cut(0, info.samples)

        return Repair(name, name, f"{restorer.identity} {code}", restore)
    code = fingerprint("plcd.core.concealer", *_MEASURED_BY)
    if name == "zero":
        return Repair(
            name, "silence", f"zero {code}", lambda samples, flags, rate: samples.astype(np.float64)
        )
    lookahead = 0 if name == CAUSAL else 8
    title = "plcd, causal" if name == CAUSAL else "plcd, lookahead 8"

    def conceal(samples: Samples, flags: Flags, rate: int) -> Audio:
        concealer = Concealer(rate, samples.shape[1], PACKET, lookahead=lookahead)
        parts = [
            concealer.push(None if lost else samples[index * PACKET : (index + 1) * PACKET])
            for index, lost in enumerate(flags.tolist())
        ]
        return np.concatenate((*parts, concealer.flush())).astype(np.float64)

    return Repair(name, title, f"{name} {code}", conceal)


def _one(samples: Audio) -> Iterator[Audio]:
    yield samples
