"""Several sources at once: who gets a place, and that the mix is the sum of what their engines play."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from core_streams import MONO, RATE, SECOND_NS, SMALL, STEREO, Played, Sender, listen, music, ns
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.frame import Origin, Samples
from plcd.core.mixer import LEAVE_NS, Mixer
from plcd.core.packet import AudioPacket, BlankPacket, Recovery, SourceId, StreamFormat
from plcd.core.sources import TAKEOVER_NS, Arrival
from plcd.io.resampling import SampleRateConverter

CONFIG = EngineConfig(packet=128, predictor=Ensemble.of(SMALL), lookahead=0, rate=RATE, channels=1)
FOUND = replace(CONFIG, rate=None, channels=None)
"""The output is what the first peer is."""


def host(number: int, stream: int | None = None, port: int = 5004) -> SourceId:
    return SourceId(f"192.0.2.{number}", port, number if stream is None else stream)


def sender(number: int, packets: int, form: StreamFormat = MONO, size: int = 128) -> Sender:
    """A quarter of full scale at most, on the grid of 16 bits."""
    signal = np.rint(music(packets * size, form.channels, seed=number) * 2**14) / 2**15
    return Sender(size, 100 * number, 1000 * number, host(number), form, signal.astype(np.float32))


def both(*streams: Sequence[Arrival]) -> list[Arrival]:
    return sorted((arrival for stream in streams for arrival in stream), key=lambda arrival: arrival.ns)


def begun(mixer: Mixer, senders: Iterable[Sender], at_ns: int = 0) -> None:
    """Three packets of each."""
    for index in range(3):
        for one in senders:
            mixer.insert(one.packet(index), at_ns + ns(index * one.size))


def sources(mixer: Mixer) -> list[SourceId]:
    return [peer.source for peer in mixer.peers]


def check(mixer: Mixer) -> None:
    """What holds at all times."""
    assert len(mixer.peers) <= mixer.most
    assert mixer.addresses == {source[:2] for source in sources(mixer)}
    assert len(set(sources(mixer))) == len(mixer.peers)
    assert all(engine.config.peers == len(mixer.peers) for engine in mixer.engines)
    counters, packets = mixer.counters, mixer.packets()
    assert sum(counters.by_origin) == counters.frames
    assert packets["expected"] == sum(packets[name] for name in ("on_time", "late", "lost", "recovered"))
    assert packets["received"] == packets["on_time"] + packets["late"] + packets["duplicate"]
    assert min(packets.values()) >= 0


# The sum


@settings(max_examples=25)
@given(st.data())
def test_one_peer_alone_sounds_as_without_a_mix(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([MONO, STEREO]))
    size, count = data.draw(st.sampled_from([64, 128, 500])), data.draw(st.integers(8, 60))
    lost = data.draw(st.sets(st.integers(0, count - 1)))
    delays = data.draw(st.lists(st.integers(0, 60_000_000), min_size=count, max_size=count))
    one = sender(1, count, form, size)
    arrivals = [one.arrival(index, delays[index]) for index in range(count) if index not in lost]
    config = replace(FOUND, lookahead=data.draw(st.sampled_from([None, 0])))
    mixer, engine = Mixer(config), Engine(config)
    end_ns = ns(count * size) + 2 * SECOND_NS
    if len(arrivals) < 20 or data.draw(st.booleans()):  # perhaps it never becomes a stream
        mixer, engine = (
            Mixer(replace(config, rate=RATE, channels=form.channels)),
            Engine(replace(config, rate=RATE, channels=form.channels)),
        )
        mixed, plain = listen(mixer, arrivals, end_ns, 0), listen(engine, arrivals, end_ns, 0)
    else:
        try:
            plain = listen(engine, arrivals, end_ns)
        except IndexError:  # never a stream
            return
        mixed = listen(mixer, arrivals, end_ns)
    assert mixed.instants == plain.instants
    assert np.array_equal(mixed.audio, plain.audio)
    assert mixed.origins == plain.origins
    assert list(mixed.holes()) == list(plain.holes())
    assert {**mixer.packets(), "stray": 0} == {**engine.packets(), "stray": 0}
    assert mixer.counters.by_origin == engine.counters.by_origin
    assert mixer.state == engine.state
    check(mixer)


@settings(max_examples=20)
@given(st.data())
def test_the_mix_is_the_sum_of_its_engines_in_whatever_order_they_come(data: st.DataObject) -> None:
    peers, count = data.draw(st.integers(2, 4)), data.draw(st.integers(40, 80))
    senders = [sender(number, count) for number in range(1, peers + 1)]
    streams = []
    for one in senders:
        lost = data.draw(st.sets(st.integers(3, count - 1), max_size=count // 2))
        begins = data.draw(st.integers(0, 30_000_000))
        streams.append([one.arrival(index, begins) for index in range(count) if index not in lost])
    end_ns = ns(count * 128) + SECOND_NS

    def mix(order: Sequence[int]) -> tuple[Mixer, Played]:
        mixer = Mixer(CONFIG)
        return mixer, listen(mixer, both(*(streams[index] for index in order)), end_ns, 0)

    mixer, mixed = mix(range(peers))
    alone = [listen(Engine(CONFIG), stream, end_ns, 0) for stream in streams]
    total = np.sum([played.audio.astype(np.float64) for played in alone], axis=0)
    assert np.abs(total).max() < 1.0
    assert np.allclose(mixed.audio, total, rtol=2**-24, atol=1e-12)  # but for the order of addition
    assert mixer.limited == 0
    for frame, *others in zip(mixed.frames, *(played.frames for played in alone), strict=True):
        playing = [other.origin for other in others if other.origin is not Origin.IDLE]
        assert frame.origin is max(playing, default=Origin.IDLE)
        assert {n for start, length, _ in frame.holes for n in range(start, start + length)} == {
            n for other in others for start, length, _ in other.holes for n in range(start, start + length)
        }
    for name, value in mixer.packets().items():
        if name != "stray":
            assert value == sum(engine.packets()[name] for engine in mixer.engines)
    check(mixer)
    _, other = mix(data.draw(st.permutations(range(peers))))
    assert np.allclose(other.audio, mixed.audio, atol=1e-7)


def test_full_scale_is_not_exceeded_and_one_alone_is_let_go() -> None:
    loud = [
        replace(sender(number, 400), signal=0.9 * np.ones((400 * 128, 1), np.float32)) for number in (1, 2)
    ]
    mixer = Mixer(CONFIG)
    arrivals = both(loud[0].arrivals(range(400)), loud[1].arrivals(range(100)))
    played = listen(mixer, arrivals, ns(390 * 128), 0)
    assert mixer.limited > 0
    assert np.abs(played.audio).max() <= 1.0
    assert np.array_equal(played.audio[-128:], np.full((128, 1), np.float32(0.9)))


def test_gains_are_led_over_to() -> None:
    signal = 0.5 * np.ones((200 * 128, 1), np.float32)
    one = replace(sender(1, 200), signal=signal)
    mixer = Mixer(CONFIG, gain=lambda source: 0.5)
    listen(mixer, one.arrivals(range(100)), ns(90 * 128), 0)
    now_ns = ns(91 * 128)
    assert np.array_equal(mixer.pull(now_ns).audio, np.full((128, 1), np.float32(0.25)))
    mixer.set_gain(1, 1.0)
    led = mixer.pull(now_ns + ns(128)).audio[:, 0]
    assert np.all(np.diff(led) > 0.0)
    assert led[-1] == 0.5
    with pytest.raises(KeyError):
        mixer.set_gain(2, 1.0)


def test_channels_and_rates() -> None:
    """The first peer decides where nothing was asked for; a single channel goes to both. Without a resampler another rate is
    refused.
    """
    stereo, mono = sender(1, 60, STEREO), sender(2, 60)
    other = sender(3, 60, StreamFormat("L16", 48_000, 2))
    mixer = Mixer(FOUND)
    arrivals = both(
        stereo.arrivals(range(60)), mono.arrivals(range(60)), other.arrivals(range(60), 20_000_000)
    )
    played = listen(mixer, arrivals, ns(50 * 128))
    assert (mixer.rate, mixer.channels) == (RATE, 2)
    assert sources(mixer) == [host(1), host(2)]
    assert mixer.counters.refused["format L16/48000/2"] > 40
    begins = next(index for index, frame in enumerate(played.frames) if frame.audio.any())
    assert stereo.signal is not None
    assert mono.signal is not None
    count = 20 * 128
    assert np.allclose(played.audio[begins * 128 :][:count], (stereo.signal + mono.signal)[:count], atol=1e-6)


# Who gets a place


def test_beyond_the_most_peers_sources_are_refused_and_counted_until_one_leaves() -> None:
    told: list[str] = []
    mixer = Mixer(CONFIG, 2, lambda level, message: told.append(message))
    senders = [sender(number, 2000) for number in (1, 2, 3)]
    arrivals = both(*(one.arrivals(range(300)) for one in senders))
    listen(mixer, arrivals, ns(290 * 128), 0)
    assert sources(mixer) == [host(1), host(2)]
    refused = mixer.counters.refused["full"]
    assert refused > 250
    assert sum("--max-peers" in message for message in told) == 1
    # The first falls silent: its place is free a while later.
    second, third = (one.arrivals(range(300, 2000)) for one in senders[1:])
    late = [arrival for arrival in both(second, third) if arrival.ns > ns(300 * 128)]
    listen(mixer, late, ns(300 * 128) + LEAVE_NS - SECOND_NS // 2, ns(300 * 128))
    assert sources(mixer) == [host(1), host(2)]
    more = [Arrival(packet, at + LEAVE_NS) for packet, at in both(second, third)]
    listen(mixer, more, ns(900 * 128) + LEAVE_NS, ns(300 * 128) + LEAVE_NS)
    assert sources(mixer) == [host(2), host(3)]
    assert mixer.joined == 3
    assert any("left" in message for message in told)
    check(mixer)


def test_what_left_stays_in_the_totals() -> None:
    mixer = Mixer(CONFIG)
    one = sender(1, 100)
    lost = {20, 21, 50}
    listen(mixer, [one.arrival(index) for index in range(100) if index not in lost], LEAVE_NS, 0)
    before = mixer.packets()
    assert mixer.peers
    listen(mixer, [], LEAVE_NS + SECOND_NS, LEAVE_NS)
    assert mixer.peers == []
    assert mixer.packets() == before
    assert (before["lost"], before["on_time"]) == (3, 97)
    assert mixer.state == "idle"
    assert mixer.fits_ahead.missing == 3  # and the end
    assert mixer.pull(10 * LEAVE_NS).origin is Origin.IDLE
    check(mixer)


def test_two_streams_of_one_address_are_two_peers() -> None:
    one, two = sender(1, 100), replace(sender(2, 100), source=host(1, stream=2))
    mixer = Mixer(CONFIG)
    listen(mixer, both(one.arrivals(range(100)), two.arrivals(range(100))), ns(90 * 128), 0)
    assert sources(mixer) == [host(1, 1), host(1, 2)]
    assert mixer.packets()["lost"] == 0
    check(mixer)


def test_a_peer_that_begins_anew_keeps_its_engine() -> None:
    one, anew = sender(1, 200), replace(sender(1, 200), source=host(1, stream=77), sequence=9, timestamp=5)
    mixer = Mixer(CONFIG)
    first = one.arrivals(range(50))
    again = anew.arrivals(range(150), ns(50 * 128))
    listen(mixer, both(first, again), ns(190 * 128), 0)
    assert sources(mixer) == [host(1, 77)]
    assert mixer.joined == 1
    assert mixer.counters.streams == 2
    assert mixer.packets()["lost"] == 0  # the run waits, and is kept
    check(mixer)


def test_a_peer_that_begins_anew_in_another_format_keeps_its_engine() -> None:
    form = StreamFormat("L16", 48_000, 2)
    one, anew = (
        sender(1, 200),
        replace(sender(1, 400, form), source=host(1, stream=7), sequence=9, timestamp=5),
    )
    mixer = Mixer(CONFIG, make_resampler=SampleRateConverter)
    arrivals = both(one.arrivals(range(50)), anew.arrivals(range(400), ns(50 * 128)))
    played = listen(mixer, arrivals, ns(390 * 128), 0)
    assert [peer.number for peer in mixer.peers] == [1]
    assert (mixer.lead.rate, mixer.lead.channels) == (48_000, 2)
    assert np.abs(played.audio[-128 * 100 :]).max() > 0.1
    check(mixer)


@pytest.mark.parametrize("rate", [48_000, 96_000, 32_000])
def test_another_rate_is_resampled_and_stays_a_tone(rate: int) -> None:
    form = StreamFormat("L16", rate, 1)
    time = np.arange(4 * rate) / rate
    wave = (0.5 * np.sin(2 * np.pi * 997.0 * time))[:, None].astype(np.float32)
    other = Sender(128, source=host(2), format=form, signal=wave)
    mixer = Mixer(CONFIG, make_resampler=SampleRateConverter)
    count = 3 * rate // 128
    arrivals = both(sender(1, 3).arrivals(range(3)), other.arrivals(range(count), 20_000_000))
    played = listen(mixer, arrivals, 5 * SECOND_NS // 2, 0)
    assert sources(mixer) == [host(1), host(2)]
    heard = played.audio[-RATE:, 0]
    power = np.abs(np.fft.rfft(heard * np.kaiser(heard.size, 16))) ** 2
    beside = np.abs(np.fft.rfftfreq(heard.size, 1 / RATE) - 997.0) > 20.0
    assert power[beside].sum() < 1e-7 * power.sum()
    assert np.sqrt(2 * np.mean(heard**2)) == pytest.approx(0.5, rel=1e-3)
    assert mixer.packets()["late"] == mixer.packets()["lost"] == 0
    check(mixer)


def test_a_peer_that_changes_its_address_keeps_its_engine_and_loses_nothing() -> None:
    one = sender(1, 200)
    moved = replace(one, source=SourceId("198.51.100.9", 61_000, 1))
    arrivals = both(one.arrivals(range(60)), moved.arrivals(range(60, 200)))
    mixer, plain = Mixer(CONFIG), Engine(CONFIG)
    mixed = listen(mixer, arrivals, ns(190 * 128), 0)
    assert sources(mixer) == [moved.source]
    assert mixer.joined == mixer.counters.streams == 1
    alone = listen(plain, one.arrivals(range(200)), ns(190 * 128), 0)
    assert np.array_equal(mixed.audio, alone.audio)
    assert mixer.packets()["lost"] == 0
    check(mixer)


@pytest.mark.parametrize(
    "stranger",
    [
        Sender(128, 20, 77, host(9, stream=1), MONO),  # elsewhere in its numbers
        replace(sender(1, 200), source=host(9, stream=5)),  # another stream
    ],
)
def test_a_stranger_takes_no_peers_engine(stranger: Sender) -> None:
    mixer = Mixer(CONFIG)
    arrivals = both(sender(1, 200).arrivals(range(60)), stranger.arrivals(range(70, 150)))
    listen(mixer, arrivals, ns(140 * 128), 0)
    assert [peer.number for peer in mixer.peers] == [1, 2]
    assert sources(mixer) == [host(1), stranger.source]


def test_the_same_number_from_two_addresses_at_once_is_two_peers() -> None:
    one = sender(1, 200)
    mixer = Mixer(CONFIG)
    copy = replace(one, source=SourceId("198.51.100.9", 61_000, 1))
    listen(mixer, both(one.arrivals(range(200)), copy.arrivals(range(200), 1_000_000)), ns(190 * 128), 0)
    assert sources(mixer) == [one.source, copy.source]


def test_a_stray_packet_is_no_peer_and_takes_nothing() -> None:
    one = sender(1, 200)
    strays = [Arrival(sender(number, 2).packet(0), ns(number * 250)) for number in range(10, 90)]
    mixer = Mixer(CONFIG)
    listen(mixer, both(one.arrivals(range(200)), strays), ns(190 * 128), 0)
    assert sources(mixer) == [one.source]
    assert mixer.packets()["stray"] + len(list(mixer._candidates)) >= 80
    check(mixer)


def test_recovered_packets_reach_their_peer_and_make_none() -> None:
    one = sender(1, 100)
    mixer = Mixer(CONFIG)
    for index in range(5):
        mixer.insert(replace(sender(2, 9).packet(index), recovered=Recovery.COPY), ns(index * 128))
    recovered = [
        Arrival(replace(one.packet(index), recovered=Recovery.COPY), ns((index + 1) * 128))
        for index in (0, 30)
    ]
    own = [one.arrival(index) for index in range(1, 100) if index != 30]
    listen(mixer, both(own, recovered), ns(90 * 128), 0)
    mixer.note(BlankPacket(host(1), 500))
    mixer.note(BlankPacket(host(3), 500))
    assert sources(mixer) == [one.source]
    packets = mixer.packets()
    assert (packets["lost"], packets["recovered"]) == (0, 1)


def test_settings_reach_everybody_and_whoever_comes_later() -> None:
    mixer = Mixer(CONFIG)
    begun(mixer, [sender(1, 9)])
    mixer.set_noise(0.5)
    mixer.set_predictor(Ensemble.parse("burg:8/128"))
    mixer.set_depth(replace(CONFIG.depth, ms=10.0))
    begun(mixer, [sender(2, 9)], SECOND_NS)
    for engine in (*mixer.engines, mixer.lead):
        assert (engine.config.noise, str(engine.config.predictor), str(engine.depth)) == (
            0.5,
            "burg:8/128",
            "10ms",
        )
    assert mixer.lead is mixer.engines[0]


def test_the_time_of_a_frame_is_shared_by_those_that_lack_something() -> None:
    """As many samples are closed from both sides as all who have a hole in a frame leave time for."""
    mixer = Mixer(replace(FOUND, predictor=None, lookahead=None))
    senders = [sender(number, 200) for number in (1, 2, 3)]
    streams = [one.arrivals(range(200)) for one in senders]
    del streams[0][100], streams[1][100]
    closed: list[set[int]] = []
    played = listen(mixer, both(*streams), ns(60 * 128) + 40_000_000)
    assert played.frames
    choice = mixer.engines[0].choice
    assert choice is not None
    assert len(choice.together) == 3
    pulled = mixer.pull

    for tick in range(80):
        now_ns = ns((61 + tick) * 128) + 40_000_000
        lacking = sum(engine.lacks for engine in mixer.engines)
        pulled(now_ns)
        if lacking:
            closed.append({engine.filler.longest_closed for engine in mixer.engines if engine.filler})
            assert closed[-1] == {choice.longest_for(lacking)}
    assert closed


# Whatever comes

FORMS = (MONO, STEREO, StreamFormat("L16", 48_000, 1))


@st.composite
def packets(draw: st.DrawFn) -> list[Arrival]:
    """Bursts of packets of a few sources under a few addresses, some forged, at ever later times."""
    arrivals: list[Arrival] = []
    now_ns = 0
    for _ in range(draw(st.integers(1, 25))):
        source = SourceId(f"192.0.2.{draw(st.integers(1, 5))}", 5004, draw(st.integers(0, 2)))
        form = draw(st.sampled_from(FORMS))
        sequence, timestamp = draw(st.integers(0, 2**16 - 1)), draw(st.none() | st.integers(0, 2**32 - 1))
        size = draw(st.sampled_from([16, 128, 300]))
        recovered = draw(st.sampled_from([None, None, None, Recovery.COPY]))
        for index in range(draw(st.integers(1, 6))):
            audio: Samples = np.full((size, form.channels), 0.9, dtype=np.float32)
            at = None if timestamp is None else (timestamp + index * size) % 2**32
            arrivals.append(
                Arrival(AudioPacket(source, (sequence + index) % 2**16, at, form, audio, recovered), now_ns)
            )
            now_ns += draw(st.sampled_from([0, 1_000_000, TAKEOVER_NS, SECOND_NS, LEAVE_NS]))
    return arrivals


@settings(max_examples=60)
@given(packets(), st.integers(1, 4))
def test_whatever_comes_there_are_never_more_than_the_most_and_the_mix_is_bounded(
    arrivals: list[Arrival], most: int
) -> None:
    mixer = Mixer(CONFIG, most)
    for packet, at in arrivals:
        mixer.insert(packet, at)
        frame = mixer.pull(at)
        assert frame.audio.shape == (128, 1)
        assert np.isfinite(frame.audio).all()
        assert np.abs(frame.audio).max() <= 1.08  # 1.2 x 0.9 of one that plays alone
        check(mixer)
    mixer.pull(arrivals[-1].ns + LEAVE_NS)
    check(mixer)
    assert mixer.peers == []
