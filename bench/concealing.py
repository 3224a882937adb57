"""What concealing one lost packet takes with a network: everything, what is left when the loss is known, and run ahead."""

import time
from pathlib import Path
from typing import Final

import numpy as np
import soundfile as sf
from machine import percentiles_ms, progress
from numpy.typing import NDArray

from plcd import Concealer, load_model
from plcd.core.refiner import Refiner

RATE, PACKET = 44_100, 512
EVERY: Final = 10
"""One packet in so many is lost."""
WARM: Final = 4
"""Losses before those that count."""
MUSIC = Path(__file__).parent / "data" / "dev" / "mixed"
Times = dict[str, dict[str, float]]


class Way:
    """One concealer, and what it is given time for before a loss."""

    def __init__(self, network: Refiner | None, patient: bool, ahead: bool) -> None:
        """``patient``: nothing is done ahead; ``ahead``: the whole concealment, else only what rests on known samples."""
        self._concealer = Concealer(RATE, 1, PACKET, refiner=network, patient=patient)
        self._patient = patient
        self._ahead = ahead
        self.lost: list[int] = []
        """Nanoseconds of each call that gave a lost packet."""
        self.next: list[int] = []
        """Of the call after it: crossfade."""
        self.received: list[int] = []

    def play(self, number: int, packet: NDArray[np.float32]) -> None:
        """Give packet ``number`` or lose it, and note how long the call took."""
        place = number % EVERY
        if place == 0 and not self._patient:
            while self._concealer.prepare() or self._concealer.run_ahead(whole=self._ahead):
                pass
        begin = time.perf_counter_ns()
        self._concealer.push(None if place == 0 else packet)
        took = time.perf_counter_ns() - begin
        if number > EVERY * WARM:
            (self.lost if place == 0 else self.next if place == 1 else self.received).append(took)

    @property
    def beyond_received(self) -> list[int]:
        """Of each loss: both calls that it takes part in, less two of packets that were received."""
        usual = 2 * int(np.median(self.received))
        return [one + other - usual for one, other in zip(self.lost, self.next, strict=False)]


def conceal(names: list[str], rounds: int) -> dict[str, Times]:
    """Milliseconds by network, with ``predictor`` for the predictor alone: ``all``, ``after`` and ``ahead``.

    All: nothing done ahead, fits and the trial on what came before included; after: from the loss known to its samples, fits and
    first stages done before; ahead: the same where the whole concealment was. Concealers take turns packet by packet.
    """
    music = np.concatenate([sf.read(path, dtype="float32", always_2d=True)[0][:, 0] for path in clips()])
    packets = music[: music.size // PACKET * PACKET].reshape(-1, PACKET)
    ways: dict[str, dict[str, Way]] = {}
    for name in ["predictor", *names]:
        network = None if name == "predictor" else load_model(name)
        ways[name] = {
            "all": Way(network, patient=True, ahead=False),
            "after": Way(network, patient=False, ahead=False),
            "ahead": Way(network, patient=False, ahead=True),
        }
    progress(f"concealing with {', '.join(ways)}: {rounds} losses")
    for number in range(EVERY * (rounds + WARM)):
        packet = packets[number % packets.shape[0]]
        for forms in ways.values():
            for way in forms.values():
                way.play(number, packet)
    return {
        name: {
            form: percentiles_ms(way.beyond_received if form == "all" else way.lost)
            for form, way in forms.items()
        }
        for name, forms in ways.items()
    }


def clips() -> list[Path]:
    """Four of bench/data."""
    return sorted(MUSIC.glob("*.flac"))[:4]
