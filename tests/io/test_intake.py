"""Whatever comes, in whatever order: nothing raises, and a stream that runs stays what it is."""

from random import Random

import numpy as np
import pytest
from hostile import FIRST, FORMS, KEY, KINDS, SIZE, SSRC, audio, stream
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.depth import Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.frame import Samples
from plcd.core.packet import SourceId
from plcd.core.predictor import Predictor
from plcd.io.intake import Intake
from plcd.io.srtp import Unprotector
from plcd.io.udp import Datagram
from plcd.wire.formats import FORMATS, Formats
from plcd.wire.rtp import build

CONFIG = EngineConfig(
    predictor=Ensemble.of(Predictor("burg", 16, 256)), lookahead=0, depth=Depth.parse("40ms"), drift="off"
)
SECOND_NS = 1_000_000_000
PACKETS = 30
FRIEND = ("192.0.2.1", 5004)
ADDRESSES = (FRIEND, ("192.0.2.1", 5005), ("192.0.2.66", 5004), ("2001:db8::66", 5004))

Step = tuple[int, str, tuple[str, int], int]
"""After which packet of the stream, what, from where, and which of its kind."""
steps = st.lists(
    st.tuples(
        st.integers(0, PACKETS - 1),
        st.sampled_from([*KINDS, "recorded", "changed"]),
        st.sampled_from(ADDRESSES),
        st.integers(0, 2**32 - 1),
    ),
    max_size=40,
)


class Desk:
    """An intake and the engine behind it."""

    def __init__(self, form: str = "auto", protected: bool = False) -> None:
        self.engine = Engine(CONFIG)
        self.intake = Intake(Formats({}, "rtp" if protected else form, 44_100))
        if protected:
            self.intake.unprotector = Unprotector(KEY)
        self.frames: list[Samples] = []

    def put(self, datagram: bytes, address: tuple[str, int], now_ns: int) -> None:
        self.intake.take(Datagram(datagram, *address, now_ns), self.engine)

    def pull(self, now_ns: int) -> None:
        if self.engine.rate is not None:
            frame = self.engine.pull(now_ns)
            assert np.isfinite(frame.audio).all()
            self.frames.append(frame.audio)


def hostile(kind: str, seed: int, so_far: list[bytes]) -> list[bytes]:
    """Datagrams of the step, of what has been overheard ``so_far`` among them."""
    rng = Random(seed)
    if kind == "recorded":
        return [rng.choice(so_far) for _ in range(5)]
    if kind == "changed":
        datagram = bytearray(rng.choice(so_far[-3:]))
        datagram[rng.randrange(len(datagram))] ^= 1 << rng.randrange(8)
        return [bytes(datagram[: rng.choice((len(datagram), rng.randrange(len(datagram) + 1)))])]
    return KINDS[kind](rng)


def spoil(desk: Desk, form: str, plan: list[Step], samples: Samples) -> None:
    """Hear the stream of ``form`` from :data:`FRIEND`, a packet each 11.6 ms, and between them what the plan says."""
    so_far: list[bytes] = []
    for number, datagrams in enumerate(stream(form, samples)):
        now_ns = number * SIZE * SECOND_NS // 44_100
        for datagram in datagrams:
            desk.put(datagram, FRIEND, now_ns)
            so_far.append(datagram)
        if number < 2:
            continue
        desk.pull(now_ns)
        for after, kind, address, seed in plan:
            if after == number:
                for datagram in hostile(kind, seed, so_far):
                    now_ns += 1000
                    desk.put(datagram, address, now_ns)
                    check(desk)


def check(desk: Desk) -> None:
    """What holds at any time."""
    packets = desk.engine.packets()
    expected = sum(packets[name] for name in ("on_time", "late", "lost", "recovered"))
    assert packets["expected"] == expected
    assert desk.intake.formats.zeroed >= 0


def harmless(form: str, step: Step) -> bool:
    """Not what nothing can tell from the stream itself: packets in its name whose numbers may be the right ones."""
    _, kind, address, _ = step
    return form == "srtp" or address != FRIEND or kind != "changed"


@pytest.mark.parametrize("form", FORMS)
@given(plan=steps)
@settings(max_examples=30)
def test_a_stream_that_runs_is_heard_whole_whatever_else_comes(form: str, plan: list[Step]) -> None:
    """From strangers, and from its own address: whole other streams, its own packets once more, and changed ones."""
    desk = Desk(protected=form == "srtp")
    samples = audio(PACKETS)
    spoil(desk, form, [step for step in plan if harmless(form, step)], samples)
    for index in range(8):
        desk.pull((PACKETS + index) * SIZE * SECOND_NS // 44_100)
    engine, packets = desk.engine, desk.engine.packets()
    newest = engine.newest_stream
    assert newest is not None
    assert newest.source == SourceId(*FRIEND, SSRC if "rtp" in form else 0)
    assert engine.counters.streams == 1
    assert (packets["on_time"], packets["lost"], packets["late"]) == (PACKETS, 0, 0)
    heard = np.concatenate(desk.frames)
    scale = 32768 / 32767 if form == "zita" else 1.0
    start = int(np.flatnonzero(heard[:, 0])[0]) // SIZE * SIZE
    np.testing.assert_allclose(heard[start : start + len(samples)], samples * scale, atol=2**-15)


@pytest.mark.parametrize("form", FORMATS)
@given(plan=steps)
@settings(max_examples=30)
def test_nothing_raises_whatever_comes(form: str, plan: list[Step]) -> None:
    """Packets in the stream's own name too; and when it is over the stream is heard again."""
    desk = Desk(form)
    named = "rtp" if form == "auto" else form
    spoil(desk, named, plan, audio(PACKETS))
    later_ns = 10 * SECOND_NS
    if named == "rtp":
        for number in range(3):
            datagram = build(
                bytes(2 * SIZE), payload_type=11, sequence=number, timestamp=SIZE * number, ssrc=5
            )
            desk.put(datagram, ("198.51.100.1", 1), later_ns + number)
        newest = desk.engine.newest_stream
        assert newest is not None
        assert newest.source.host == "198.51.100.1"


@given(plan=steps, form=st.sampled_from(FORMATS))
@settings(max_examples=60)
def test_nothing_raises_before_there_is_a_stream(plan: list[Step], form: str) -> None:
    desk = Desk(form)
    now_ns = 0
    for _, kind, address, seed in plan:
        for datagram in hostile(
            kind, seed, [bytes(40), build(bytes(8), payload_type=11, sequence=FIRST, timestamp=0, ssrc=1)]
        ):
            now_ns += seed % 20_000_000
            desk.put(datagram, address, now_ns)
            desk.pull(now_ns)
            check(desk)
