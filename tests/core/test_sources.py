from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from core_streams import MONO, SECOND_NS, SOURCE, STEREO, Sender
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.packet import AudioPacket, SourceId, StreamFormat
from plcd.core.sources import (
    LARGEST_GAP,
    LARGEST_PACKET,
    MAX_RUN,
    MAX_RUNS,
    RUN_LENGTH,
    SILENCE_NS,
    TAKEOVER_NS,
    Arrival,
    SourceGate,
    Verdict,
)

OTHER_HOST = SourceId("192.0.2.66", 5004, 1)
OTHER_PORT = SourceId(SOURCE.host, 6000, 1)
OTHER_STREAM = SourceId(SOURCE.host, SOURCE.port, 2)


def packet(
    sequence: int, timestamp: int, size: int = 512, source: SourceId = SOURCE, form: StreamFormat = MONO
) -> AudioPacket:
    samples = np.zeros((size, form.channels), dtype=np.float32)
    return AudioPacket(source, sequence % 2**16, timestamp % 2**32, form, samples)


def judge(gate: SourceGate, *packets: AudioPacket, at: int = 0, continues: bool = False) -> list[Verdict]:
    return [gate.judge(Arrival(one, at), continues)[0] for one in packets]


def accepted(*packets: AudioPacket) -> list[AudioPacket]:
    """The run a fresh gate accepts when these come; empty if it does not at the last."""
    gate = SourceGate()
    verdicts = [gate.judge(Arrival(one, 0), False) for one in packets]
    assert all(verdict is Verdict.ON_TRIAL for verdict, _ in verdicts[:-1])
    verdict, run = verdicts[-1]
    assert (verdict is Verdict.ACCEPTED) == (len(run) == RUN_LENGTH)
    return [arrival.packet for arrival in run]


def locked(source: SourceId = SOURCE) -> SourceGate:
    gate = SourceGate()
    judge(gate, *(Sender(source=source).packet(index) for index in range(3)))
    assert gate.accepted == source
    return gate


@given(st.permutations(range(3)), st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1))
def test_three_packets_that_agree_are_accepted_and_kept(
    order: list[int], sequence: int, timestamp: int
) -> None:
    sender = Sender(sequence=sequence, timestamp=timestamp)
    packets = [sender.packet(index) for index in range(3)]
    run = accepted(*(packets[index] for index in order))
    assert [id(one) for one in run] == [id(one) for one in packets]


@given(
    st.lists(st.tuples(st.integers(1, LARGEST_GAP // 2), st.integers(1, 2000)), min_size=2, max_size=2),
    st.permutations(range(3)),
)
def test_gaps_within_a_run_are_allowed(gaps: list[tuple[int, int]], order: list[int]) -> None:
    """(steps, size of each missing packet): the timestamps say how much is missing, whatever the sizes."""
    sequences = list(accumulate((steps for steps, _ in gaps), initial=0))
    timestamps = list(accumulate((512 + (steps - 1) * size for steps, size in gaps), initial=0))
    packets = [packet(*both) for both in zip(sequences, timestamps, strict=True)]
    assert accepted(*(packets[index] for index in order)) == packets


def test_a_repeated_packet_is_no_second_one() -> None:
    sender = Sender()
    gate = SourceGate()
    first, second, third = (sender.packet(index) for index in range(3))
    assert judge(gate, first, first, first, second, first, second) == [Verdict.ON_TRIAL] * 6
    assert gate.accepted is None
    assert gate.discarded == 4
    assert judge(gate, third) == [Verdict.ACCEPTED]


@pytest.mark.parametrize("sizes", [(330, 694, 330), (694, 330, 694), (1, 8192, 3)])
def test_packets_may_vary_in_size(sizes: tuple[int, ...]) -> None:
    starts = list(accumulate(sizes, initial=0))
    packets = [packet(index, starts[index], size) for index, size in enumerate(sizes)]
    assert accepted(*packets) == packets


@pytest.mark.parametrize(
    ("sequence", "timestamp", "form"),
    [
        (2, 1024 + 1, MONO),
        (2, 1024 - 1, MONO),
        (2, 512, MONO),
        (2, 2**31 + 1024, MONO),
        (1, 1024, MONO),
        (2 + LARGEST_GAP, 10_000, MONO),
        (2**15 + 1, 1024, MONO),
        (3, 1024 - 1, MONO),
        (3, 1024 + LARGEST_PACKET + 1, MONO),
        (2, 1024, STEREO),
        (2, 1024, StreamFormat("L24", 44_100, 1)),
        (2, 1024, StreamFormat("L16", 48_000, 1)),
    ],
)
def test_packets_that_contradict_each_other_start_anew(
    sequence: int, timestamp: int, form: StreamFormat
) -> None:
    odd = packet(sequence, timestamp, form=form)
    gate = SourceGate()
    verdicts = judge(gate, packet(0, 0), packet(1, 512), odd)
    assert verdicts == [Verdict.ON_TRIAL] * 3
    assert gate.discarded == 2
    two_more = [packet(sequence + i, timestamp + 512 * i, form=form) for i in (1, 2)]
    assert judge(gate, *two_more) == [Verdict.ON_TRIAL, Verdict.ACCEPTED]


@given(st.sets(st.integers(0, 199), max_size=60), st.integers(1, 16))
def test_packets_that_hold_more_than_their_timestamps_say_are_never_heard(
    lost: set[int], too_many: int
) -> None:
    """As SRTP without its key: a tag behind the audio. Losses do not hide it once two neighbours came."""
    gate = SourceGate()
    came = [packet(index, 512 * index, 512 + too_many) for index in range(200) if index not in lost | {0, 1}]
    neighbours = [packet(-2, -1024, 512 + too_many), packet(-1, -512, 512 + too_many)]
    assert set(judge(gate, *neighbours, *came)) == {Verdict.ON_TRIAL}
    assert gate.overlapping[SOURCE] == (512 + too_many, 512)
    assert gate.accepted is None


def test_one_overlap_is_forgiven_when_two_neighbours_fit() -> None:
    gate = SourceGate()
    judge(gate, packet(7, 7000), packet(8, 7100))
    gapped = [packet(20, 0), packet(22, 1024), packet(24, 2048)]
    assert judge(gate, *gapped) == [Verdict.ON_TRIAL] * 3
    assert judge(gate, packet(25, 2560)) == [Verdict.ACCEPTED]
    assert not gate.overlapping


def test_interleaved_sources_have_runs_of_their_own() -> None:
    gate = SourceGate()
    senders = [Sender(source=source) for source in (SOURCE, OTHER_HOST, OTHER_STREAM)]
    verdicts = [judge(gate, sender.packet(index))[0] for index in range(2) for sender in senders]
    assert verdicts == [Verdict.ON_TRIAL] * 6
    assert judge(gate, senders[1].packet(2)) == [Verdict.ACCEPTED]
    assert gate.accepted == OTHER_HOST
    assert gate.discarded == 4


@pytest.mark.parametrize("stray", [SOURCE, OTHER_STREAM, OTHER_HOST, OTHER_PORT])
def test_one_stray_datagram_between_any_two_packets_never_resets(stray: SourceId) -> None:
    gate = locked()
    for index in range(50):
        verdicts = judge(gate, packet(30_000 + index, 10**9 + 512 * index, source=stray))
        assert verdicts[0] in (Verdict.ON_TRIAL, Verdict.FOREIGN)
        assert judge(gate, packet(3 + index, 0), continues=True) == [Verdict.CURRENT]
    assert gate.accepted == SOURCE


@pytest.mark.parametrize("source", [SOURCE, OTHER_STREAM])
def test_a_restart_from_the_accepted_address_needs_three_in_a_row(source: SourceId) -> None:
    gate = locked()
    restart = [packet(40_000 + index, 5 + 512 * index, source=source) for index in range(3)]
    assert judge(gate, *restart[:2]) == [Verdict.ON_TRIAL] * 2
    assert judge(gate, Sender().packet(3), continues=True) == [Verdict.CURRENT]
    assert gate.discarded == 2
    verdicts = judge(gate, *restart, at=TAKEOVER_NS)
    assert verdicts == [Verdict.ON_TRIAL, Verdict.ON_TRIAL, Verdict.ACCEPTED]
    assert gate.accepted == source


@pytest.mark.parametrize("source", [SOURCE, OTHER_STREAM])
def test_many_packets_at_once_under_a_forged_address_seize_nothing(source: SourceId) -> None:
    """Ten in a row, consistent with each other, between any two packets of the stream."""
    gate = locked()
    for index in range(20):
        forged = [packet(40_000 + number, 5 + 512 * number, source=source) for number in range(10)]
        now = index * 11_600_000
        assert judge(gate, *forged, at=now) == [Verdict.ON_TRIAL] * 10
        assert judge(gate, Sender().packet(3 + index), at=now + 1, continues=True) == [Verdict.CURRENT]
    assert gate.accepted == SOURCE
    assert gate.discarded == 200


def test_a_restart_that_waits_loses_nothing() -> None:
    """Packets of 2 ms: all that came since the restart are handed over, up to a bound."""
    gate = locked()
    arrivals = [
        Arrival(packet(40_000 + index, 96 * index, 96, source=OTHER_STREAM), index * 2_000_000)
        for index in range(20)
    ]
    verdicts = [gate.judge(arrival, False) for arrival in arrivals]
    first = next(index for index, (verdict, _) in enumerate(verdicts) if verdict is Verdict.ACCEPTED)
    assert first == 15
    assert verdicts[first][1] == arrivals[: first + 1]
    assert gate.discarded == 0
    gate = locked()
    for index in range(500):
        gate.judge(Arrival(packet(index, 96 * index, 96, source=OTHER_STREAM), 0), False)
    assert [len(run) for run in gate._candidates._runs.values()] == [MAX_RUN]
    assert gate.discarded == 500 - MAX_RUN


@pytest.mark.parametrize("source", [OTHER_HOST, OTHER_PORT])
def test_another_address_waits_for_a_second_of_silence(source: SourceId) -> None:
    gate = locked()
    assert judge(gate, Sender().packet(3), at=5 * SECOND_NS, continues=True) == [Verdict.CURRENT]
    strangers = [Sender(source=source).packet(index) for index in range(4)]
    early = 5 * SECOND_NS + SILENCE_NS - 1
    assert judge(gate, *strangers, at=early) == [Verdict.FOREIGN] * 4
    assert judge(gate, *strangers[:2], at=early + 1) == [Verdict.ON_TRIAL] * 2
    assert judge(gate, Sender().packet(4), at=early + 1, continues=True) == [Verdict.CURRENT]
    assert judge(gate, strangers[2], at=early + 2) == [Verdict.FOREIGN]
    late = early + 2 * SILENCE_NS
    assert judge(gate, strangers[2], at=late) == [Verdict.ACCEPTED]
    assert gate.accepted == source


def test_a_clock_that_steps_back_gives_no_stranger_a_chance() -> None:
    gate = locked()
    judge(gate, Sender().packet(3), at=10**18, continues=True)
    strangers = [Sender(source=OTHER_HOST).packet(index) for index in range(3)]
    assert judge(gate, *strangers, at=5) == [Verdict.FOREIGN] * 3


@pytest.mark.parametrize("same_address", [True, False])
def test_a_flood_of_sources_is_bounded_and_counted(same_address: bool) -> None:
    gate = SourceGate()
    for number in range(1000):
        host = "192.0.2.66" if same_address else f"192.0.2.{number}"
        judge(gate, packet(number * 7919, number, source=SourceId(host, 1, number)))
        assert len(gate._candidates._runs) <= MAX_RUNS
    assert gate.discarded == 1000 - len(gate._candidates._runs)
    assert sum(len(run) for run in gate._candidates._runs.values()) <= 2 * MAX_RUNS


def test_a_flood_from_one_address_does_not_oust_a_newcomers_trial() -> None:
    gate = SourceGate()
    for index in range(3):
        for number in range(100):
            judge(gate, packet(number, number, source=SourceId("192.0.2.66", 1, 1000 * index + number)))
        verdict = judge(gate, Sender().packet(index))[0]
    assert verdict is Verdict.ACCEPTED


@given(
    st.lists(
        st.tuples(
            st.sampled_from([SOURCE, OTHER_STREAM, OTHER_HOST]),
            st.integers(0, 5),
            st.integers(0, 5),
            st.booleans(),
            st.integers(0, SECOND_NS),
        ),
        max_size=60,
    )
)
def test_every_packet_is_accounted_for(
    steps: list[tuple[SourceId, int, int, bool, int]],
) -> None:
    """Whatever comes: taken, foreign, handed over in a run, discarded, or one of a few still on trial."""
    gate = SourceGate()
    now = taken = foreign = handed = 0
    for source, sequence, block, continues, wait in steps:
        now += wait
        before = gate.accepted
        arrival = Arrival(packet(sequence, 512 * block, source=source), now)
        verdict, run = gate.judge(arrival, continues)
        taken += verdict is Verdict.CURRENT
        foreign += verdict is Verdict.FOREIGN
        handed += len(run)
        if verdict is Verdict.ACCEPTED:
            assert arrival in run
            assert {one.packet.source for one in run} == {source} == {gate.accepted}
        else:
            assert gate.accepted == before
    on_trial = sum(len(run) for run in gate._candidates._runs.values())
    assert taken + foreign + handed + gate.discarded + on_trial == len(steps)


@pytest.mark.parametrize(
    ("numbers", "run"), [((5, 6, 7), 3), ((65535, 0, 1), 3), ((5, 7, 80), 1), ((5, 6, 6), 2)]
)
def test_without_a_sample_clock_three_numbers_near_each_other_agree(
    numbers: tuple[int, int, int], run: int
) -> None:
    gate = SourceGate()
    packets = [replace(packet(number, 0), timestamp=None) for number in numbers]
    verdicts = judge(gate, *packets)
    assert (verdicts[-1] is Verdict.ACCEPTED) == (run == 3)


def test_without_a_sample_clock_packets_of_one_stream_are_of_one_size() -> None:
    packets = [
        replace(packet(number, 0, size), timestamp=None) for number, size in ((1, 64), (2, 64), (3, 65))
    ]
    assert judge(SourceGate(), *packets)[-1] is Verdict.ON_TRIAL
