"""plcd itself, driven as its users drive it: packets in, audio out."""

import time

import numpy as np

from comparison.concealed import Concealed
from plcd.core.concealer import Concealer
from plcd.core.frame import Samples
from plcd.core.loss import Flags
from plcd.core.refiner import Refiner


def conceal_with_plcd(
    predictor: str | None,
    noise: float,
    refiner: Refiner | None,
    live: bool,
    samples: Samples,
    flags: Flags,
    packet: int,
    rate: int,
    lookahead: int,
) -> Concealed:
    """``samples`` ``(n, channels)`` through a :class:`Concealer`; ``predictor`` None: the network's own, else its default.

    ``live``: fits are made ahead of every packet, else when one is lost. The samples are the same.
    """
    concealer = Concealer(
        rate,
        samples.shape[1],
        packet,
        predictor,
        lookahead,
        refiner=refiner,
        noise=noise,
        patient=not live,
    )
    parts, took, ahead = [], [], []
    for index, lost in enumerate(flags.tolist()):
        given = None if lost else samples[index * packet : (index + 1) * packet]
        started = time.perf_counter_ns()
        parts.append(concealer.push(given))
        took.append(time.perf_counter_ns() - started)
        if live:
            started = time.perf_counter_ns()
            while concealer.prepare():
                pass
            while concealer.run_ahead(whole=False):
                pass
            ahead.append(time.perf_counter_ns() - started)
    started = time.perf_counter_ns()
    parts.append(concealer.flush())
    took += [(time.perf_counter_ns() - started) // max(1, lookahead)] * lookahead
    return Concealed(np.concatenate(parts), *_assign(took, flags, lookahead), ahead)


def _assign(took: list[int], flags: Flags, lookahead: int) -> tuple[list[int], list[int]]:
    """The times of all calls shared out: to each lost packet those that made it, and the calls that made none.

    Call i takes packet i and gives packet i - lookahead. It counts for the one it gives if that was lost, else for the
    oldest lost one held back, which it may have prepared.
    """
    lost_ns = dict.fromkeys(np.flatnonzero(flags).tolist(), 0)
    received_ns = []
    for call, duration in enumerate(took):
        held = range(max(0, call - lookahead), min(call + 1, flags.size))
        packet = next((index for index in held if flags[index]), None)
        if packet is None:
            received_ns.append(duration)
        else:
            lost_ns[packet] += duration
    return list(lost_ns.values()), received_ns
