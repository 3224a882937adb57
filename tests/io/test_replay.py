"""Sessions through the daemon's parsers and engine, at the times of their stamps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.frame import Origin, PlayedFrame, Samples
from plcd.core.mixer import Mixer
from plcd.core.packet import StreamFormat
from plcd.io.allow_list import AllowList, parse_network
from plcd.io.intake import Intake
from plcd.io.replay import Replayed, Session, replay, stats
from plcd.io.resampling import SampleRateConverter
from plcd.io.session_reader import Arrived
from plcd.wire.formats import Formats
from plcd.wire.rtp import build

RATE, PACKET, NS = 44_100, 512, 1_760_000_000_000_000_000
CONFIG = EngineConfig(predictor=Ensemble.parse("burg:32/256"))


class Sound:
    """Keeps what is played."""

    def __init__(self) -> None:
        self.frames = list[PlayedFrame]()
        self.formats = set[tuple[int, int]]()

    def __call__(self, frame: PlayedFrame, rate: int, channels: int) -> None:
        self.frames.append(frame)
        self.formats.add((rate, channels))

    @property
    def audio(self) -> Samples:
        return np.concatenate([frame.audio for frame in self.frames if frame.origin is not Origin.IDLE])


def session(config: EngineConfig = CONFIG, **options: Any) -> Session:
    formats = Formats({96: StreamFormat("L16", 48_000, 1)})
    return Session(Engine(config, make_resampler=SampleRateConverter), Intake(formats), **options)


def music(samples: int, seed: int = 1) -> Samples:
    time = np.arange(samples)
    rng = np.random.default_rng(seed)
    tones = 0.3 * np.sin(0.05 * time) + 0.2 * np.sin(0.13 * time)
    return np.asarray(tones + 0.01 * rng.standard_normal(samples), dtype=np.float32)


def rtp(
    sound: Samples,
    start_ns: int = NS,
    ssrc: int = 7,
    kind: int = 11,
    host: str = "192.0.2.7",
    rate: int = RATE,
) -> list[Arrived]:
    cut = sound[: len(sound) // PACKET * PACKET].reshape(-1, PACKET)
    return [
        Arrived(
            build(
                np.rint(32768 * samples).astype(">i2").tobytes(),
                payload_type=kind,
                sequence=(65_500 + n) & 0xFFFF,
                timestamp=(2**32 - 5000 + n * PACKET) & 0xFFFFFFFF,
                ssrc=ssrc,
            ),
            host,
            5004,
            start_ns + n * PACKET * 10**9 // rate,
        )
        for n, samples in enumerate(cut)
    ]


def played(arrivals: list[Arrived], **options: Any) -> tuple[Sound, Session, Replayed]:
    sound, one = Sound(), session(**options)
    done = replay(one, arrivals, sound)
    return sound, one, done


def test_all_of_a_clean_session_is_played_exactly() -> None:
    wanted = music(200 * PACKET)
    sound, one, done = played(rtp(wanted))
    grid = np.rint(32768 * wanted).astype(np.float32) / 32768
    assert np.array_equal(sound.audio[:, 0], grid)
    assert (done.rate, done.channels, done.datagrams) == (RATE, 1, 200)
    assert done.samples == 200 * PACKET
    counted = stats(one, done)
    assert counted["packets"]["on_time"] == counted["packets"]["expected"] == 200
    assert counted["frames"]["by_origin"]["received"] == counted["frames"]["played"]


def test_the_same_twice_is_the_same_to_the_bit() -> None:
    rng = np.random.default_rng(3)
    arrivals = [
        one._replace(ns=one.ns + int(rng.integers(0, 30_000_000)))
        for one in rtp(music(400 * PACKET))
        if rng.random() > 0.05
    ]
    arrivals.sort(key=lambda one: one.ns)
    first, second = played(arrivals), played(arrivals)
    assert first[0].audio.tobytes() == second[0].audio.tobytes()
    assert stats(*first[1:]) == stats(*second[1:])
    assert first[2].datagrams == len(arrivals)
    counted = stats(*first[1:])["packets"]
    assert counted["expected"] == counted["on_time"] + counted["late"] + counted["lost"]
    assert counted["lost"] > 5


def test_what_comes_late_by_its_stamp_is_late() -> None:
    arrivals = rtp(music(100 * PACKET))
    arrivals[50] = arrivals[50]._replace(ns=arrivals[50].ns + 70_000_000)
    arrivals.sort(key=lambda one: one.ns)
    _, one, done = played(arrivals)
    assert stats(one, done)["packets"]["late"] == 1


def test_a_pause_and_a_restart_in_another_format_are_one_session() -> None:
    """The output keeps the first stream's format."""
    first = rtp(music(100 * PACKET))
    second = rtp(music(200 * PACKET, 2), NS + 3_000_000_000, ssrc=8, kind=96, rate=48_000)
    sound, one, done = played(first + second)
    assert sound.formats == {(RATE, 1)}
    counted = stats(one, done)
    assert counted["events"]["restarts"] == 1
    assert counted["packets"]["on_time"] == 300
    assert sound.frames[len(sound.frames) // 2].audio.shape == (PACKET, 1)
    expected_s = 100 * PACKET / RATE + 200 * PACKET / 48_000 + 1.0  # and the second until it is idle
    assert done.samples / RATE == pytest.approx(expected_s, abs=0.1)


def test_peers_of_a_session_are_mixed() -> None:
    """Two that play at once are heard at once, as the daemon's --mix hears them; alone only the first is."""
    one, two = 0.5 * music(100 * PACKET), 0.5 * music(100 * PACKET, 2)
    arrivals = sorted(rtp(one) + rtp(two, host="192.0.2.8", ssrc=8), key=lambda arrived: arrived.ns)
    sound = Sound()
    mixing = Session(Mixer(CONFIG, make_resampler=SampleRateConverter), Intake(Formats({})))
    done = replay(mixing, arrivals, sound)
    grids = [np.rint(32768 * audio) / 32768 for audio in (one, two)]
    np.testing.assert_allclose(sound.audio[:, 0], sum(grids), atol=1e-6)
    assert stats(mixing, done)["packets"]["on_time"] == 200
    alone, session_alone, done_alone = played(arrivals)
    np.testing.assert_allclose(alone.audio[:, 0], grids[0], atol=1e-6)
    others = stats(session_alone, done_alone)["packets"]
    assert others["foreign"] + others["stray"] == 100


def test_strangers_and_rubbish_are_counted() -> None:
    arrivals = rtp(music(100 * PACKET))
    arrivals += [Arrived(b"rubbish", "192.0.2.7", 5004, NS + 100), Arrived(b"", "192.0.2.7", 5004, NS + 101)]
    arrivals += rtp(music(20 * PACKET), NS + 500_000_000, host="203.0.113.1")
    arrivals.sort(key=lambda one: one.ns)
    _, one, done = played(arrivals, allow=AllowList((parse_network("192.0.2.0/24"),)))
    counted = stats(one, done)["packets"]
    assert (counted["foreign"], done.denied, counted["malformed"]) == (20, 20, {"too_short": 2})
    _, one, done = played(arrivals)
    assert stats(one, done)["packets"]["foreign"] == 20


def test_a_session_without_a_stream_plays_nothing() -> None:
    for arrivals in ([], rtp(music(2 * PACKET)), [Arrived(b"no", "192.0.2.7", 1, NS + n) for n in range(9)]):
        sound, one, done = played(arrivals)
        assert not sound.frames
        assert (done.rate, done.samples, done.datagrams) == (0, 0, len(arrivals))
        assert stats(one, done)["seconds"] == 0.0


def test_a_clock_that_was_set_back_is_told() -> None:
    arrivals = rtp(music(100 * PACKET))
    arrivals[50:] = [one._replace(ns=one.ns - 5_000_000_000) for one in arrivals[50:]]
    _, one, done = played(arrivals)
    assert done.backwards == 1
    assert stats(one, done)["clock_steps"] == 1


def test_progress_reaches_the_end() -> None:
    told = list[int]()
    replay(session(), rtp(music(400 * PACKET)), progress=told.append)
    assert told == sorted(told)
    assert told[-1] > NS + 3_500_000_000


@settings(max_examples=40)
@given(st.data())
def test_whatever_the_datagrams_and_stamps_nothing_is_raised(data: st.DataObject) -> None:
    arrivals = rtp(music(40 * PACKET))

    def changed() -> Iterator[Arrived]:
        at = NS
        for one in data.draw(st.permutations(arrivals[:20])) + arrivals[20:]:
            at += data.draw(st.integers(-(10**7), 3 * 10**7))
            content = one.data
            if data.draw(st.integers(0, 4)) == 0:
                cut = data.draw(st.integers(0, len(content)))
                content = data.draw(st.binary(max_size=16)) + content[cut:]
            yield Arrived(content, data.draw(st.sampled_from(["192.0.2.7", "::1"])), 5004, at)

    sound, one, done = played(list(changed()))
    counted = stats(one, done)
    packets = counted["packets"]
    assert packets["expected"] == sum(packets[name] for name in ("on_time", "late", "lost", "recovered"))
    assert sum(counted["frames"]["by_origin"].values()) == counted["frames"]["played"]
    assert all(np.isfinite(frame.audio).all() for frame in sound.frames)
