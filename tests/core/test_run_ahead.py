"""Concealment prepared before anybody knows whether it is needed: the same sound, made earlier."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from core_streams import RATE, SMALL, music

from plcd.core.concealer import Concealer
from plcd.core.ensemble import Ensemble
from plcd.core.extrapolation import Extrapolation
from plcd.core.frame import Hole, Samples
from plcd.core.hole_filler import HoleFiller
from plcd.core.linear_prediction import Real
from plcd.core.predictor import Predictor
from plcd.core.refiner import Block, Signal
from plcd.core.run_ahead import Step

PACKET = 512
SEVERAL = Ensemble((Predictor("tapered", 64, 512), Predictor("tapered", 32, 256)))
BURSTS = [4, 5, 9, 10, 11, 12, 17, 20, 22, 25, 26]
"""Packets lost of 32: single ones, bursts, two with only one packet between them."""


class Network:
    """Makes something that depends on all it is shown; ``better`` of what was received."""

    name = "test"
    context, horizon, made, fade = 700, 1024, 768, 64

    def __init__(self, block: int = 512, silent: bool = False, better: float = 0.5) -> None:
        self.block = block
        self.silent = silent
        self.better = better
        self.asked: list[int] = []
        self.looks = 0

    def refuses(self, rate: int) -> str | None:
        return None

    def look(self, past: Signal) -> bool:
        self.looks += 1
        return True

    def refine(self, block: Block) -> Signal | None:
        self.asked.append(block.start)
        if self.silent:
            return None
        whole = block.prediction + self.better * block.innovation
        whole *= np.float32(
            1 - 0.1 * abs(float(block.past[-50:].mean())) - 0.01 * float(block.received.mean())
        )
        made: Signal = whole[: self.made]
        return made


def conceal(
    network: Network | None,
    run_ahead: bool,
    packet: int = PACKET,
    channels: int = 1,
    predictor: Ensemble | Predictor = SEVERAL,
    lost: Sequence[int] = BURSTS,
    patient: bool = False,
) -> tuple[Samples, list[Hole], Concealer]:
    concealer = Concealer(RATE, channels, packet, predictor, refiner=network, patient=patient)
    signal = music(32 * packet, channels)
    parts, holes = [], []
    for index in range(32):
        parts.append(concealer.push(None if index in lost else signal[index * packet : (index + 1) * packet]))
        holes += concealer.holes
        while concealer.prepare():
            pass
        while run_ahead and concealer.run_ahead():
            pass
    return np.concatenate(parts), holes, concealer


@pytest.mark.parametrize(
    ("packet", "channels", "block"), [*product([512, 128, 320, 1500], [1, 2], [512, 256])]
)
def test_the_sound_is_the_same(packet: int, channels: int, block: int) -> None:
    """Also where packets are not as long as the network's blocks; the gate learns the same in the same order."""
    audio, holes, concealer = conceal(Network(block, better=1.0), True, packet, channels)
    plain, expected, other = conceal(Network(block, better=1.0), True, packet, channels, patient=True)
    np.testing.assert_array_equal(audio, plain)
    assert holes == expected
    made, wanted = concealer.refinements, other.refinements
    assert (made.shown, made.missed, made.withheld) == (wanted.shown, wanted.missed, wanted.withheld)


@pytest.mark.parametrize("predictor", [SEVERAL, SMALL])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_the_same_without_a_network(predictor: Ensemble | Predictor, channels: int) -> None:
    audio, holes, _ = conceal(None, True, channels=channels, predictor=predictor)
    plain, expected, _ = conceal(None, False, channels=channels, predictor=predictor)
    np.testing.assert_array_equal(audio, plain)
    assert holes == expected


def test_a_loss_then_asks_nothing_of_the_network() -> None:
    network = Network()
    filler = HoleFiller(RATE, 1, SMALL, PACKET, network, patient=False, gated=False)
    signal = music(8 * PACKET)
    there, gone = np.ones(PACKET, dtype=np.bool_), np.zeros(PACKET, dtype=np.bool_)
    filler.fill(signal[:2048], np.ones(2048, dtype=np.bool_), 2048)
    steps = []
    while filler.prepare():
        pass
    while (step := filler.next_step(lost=True, run_ahead=True)) is not None:
        steps.append(step)
        assert filler.do(step)
    assert steps == [Step.OPEN, Step.ASK]
    assert network.asked == [0]
    filler.fill(signal[:PACKET], gone, PACKET)
    assert network.asked == [0]
    assert (filler.opener.rehearsals.prepared, filler.opener.rehearsals.used) == (1, 1)
    # One more may be lost: its block is asked for too, and found to be needless.
    assert filler.next_step(lost=True, run_ahead=True) is Step.ASK
    assert filler.do(Step.ASK)
    assert filler.next_step(lost=True, run_ahead=True) is None
    filler.fill(signal[:PACKET], there, PACKET)
    assert network.asked == [0, 512]
    assert filler.opener.refinements.shown == 1


@pytest.mark.parametrize("network", [None, Network()])
def test_a_loss_then_predicts_nothing(network: Network | None, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    parts = Extrapolation._next_parts

    def counted(extrapolation: Extrapolation, count: int) -> tuple[Real, Real]:
        made.append(count)
        return parts(extrapolation, count)

    filler = HoleFiller(RATE, 1, SEVERAL, PACKET, network, patient=False, gated=False)
    filler.fill(music(2048), np.ones(2048, dtype=np.bool_), 2048)
    while filler.prepare():
        pass
    while (step := filler.next_step(lost=True, run_ahead=True)) is not None:
        filler.do(step)
    monkeypatch.setattr(Extrapolation, "_next_parts", counted)
    filler.fill(np.zeros((PACKET, 1), np.float32), np.zeros(PACKET, dtype=np.bool_), PACKET)
    assert made == []


def test_what_was_prepared_for_a_packet_that_came_is_wasted() -> None:
    _, _, concealer = conceal(Network(), True)
    rehearsals = concealer._filler.opener.rehearsals
    opened = 6  # runs in BURSTS, the first packet of each was prepared
    assert rehearsals.used == opened
    assert rehearsals.prepared == 32 - len(BURSTS)
    assert rehearsals.wasted == rehearsals.prepared - opened


def test_what_changed_meanwhile_is_not_played_from_what_was_prepared() -> None:
    signal = music(4096)
    audio = []
    for prepared in (True, False):
        filler = HoleFiller(RATE, 1, SMALL, PACKET, patient=False)
        filler.fill(signal[:2048], np.ones(2048, dtype=np.bool_), 2048)
        while filler.prepare():
            pass
        while prepared and (step := filler.next_step(lost=True, run_ahead=True)) is not None:
            filler.do(step)
        filler.opener.noise = 0.0
        audio.append(filler.fill(signal[:PACKET], np.zeros(PACKET, dtype=np.bool_), PACKET)[0])
        assert filler.opener.rehearsals.used == 0
    np.testing.assert_array_equal(audio[0], audio[1])


def test_nothing_is_prepared_without_fits_nor_where_nothing_can_be_lost() -> None:
    network = Network()
    filler = HoleFiller(RATE, 1, SEVERAL, PACKET, network, patient=False)
    filler.fill(music(2048), np.ones(2048, dtype=np.bool_), 2048)
    assert filler.next_step(lost=True, run_ahead=True) is Step.LOOK
    assert filler.do(Step.LOOK)
    assert network.looks == 1
    assert filler.next_step(lost=True, run_ahead=True) is None
    assert filler.next_step(lost=False, run_ahead=True) is None
    while filler.prepare():
        pass
    assert filler.next_step(lost=True, run_ahead=True) is Step.OPEN
    assert filler.next_step(lost=True, run_ahead=False) is None


def test_an_answer_that_does_not_come_ahead_is_asked_for_again() -> None:
    network = Network(silent=True)
    filler = HoleFiller(RATE, 1, SMALL, PACKET, network, patient=False, gated=False)
    filler.fill(music(2048), np.ones(2048, dtype=np.bool_), 2048)
    while filler.prepare():
        pass
    assert filler.do(Step.OPEN)
    assert not filler.do(Step.ASK)
    network.silent = False
    audio, _ = filler.fill(np.zeros((PACKET, 1), np.float32), np.zeros(PACKET, dtype=np.bool_), PACKET)
    assert network.asked == [0, 0]
    assert (filler.opener.refinements.shown, filler.opener.refinements.missed) == (1, 0)
    assert audio.any()
