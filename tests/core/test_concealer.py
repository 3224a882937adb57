import numpy as np
import pytest
from core_streams import RATE, SEVERAL, SMALL, music
from hypothesis import given, settings
from hypothesis import strategies as st

import plcd
from plcd.core.concealer import Concealer
from plcd.core.ensemble import BEST, Ensemble
from plcd.core.frame import Hole, Origin, Samples
from plcd.core.predictor import Predictor
from plcd.core.refiner import Block, Signal


def run(concealer: Concealer, signal: Samples, lost: list[bool]) -> Samples:
    size = concealer.packet
    parts = [
        concealer.push(None if gone else signal[index * size : (index + 1) * size])
        for index, gone in enumerate(lost)
    ]
    return np.concatenate([*parts, concealer.flush()])


def test_it_is_offered_by_the_package() -> None:
    assert plcd.Concealer is Concealer
    assert isinstance(plcd.__version__, str)
    with pytest.raises(AttributeError):
        plcd.Nothing  # noqa: B018


@pytest.mark.parametrize("channels", [1, 2])
def test_packets_in_audio_out(channels: int) -> None:
    signal = music(20 * 512, channels)
    concealer = Concealer(RATE, channels, predictor=SMALL)
    for index in range(20):
        packet = signal[index * 512 : (index + 1) * 512]
        audio = concealer.push(None if index == 10 else packet[:, 0] if channels == 1 else packet)
        assert audio.shape == (512, channels)
        assert audio.dtype == np.float32
        if index == 10:
            assert concealer.holes == [Hole(0, 512, Origin.PREDICTED)]
            assert audio.any()
        else:
            assert concealer.holes == []
            assert np.array_equal(audio[128:], packet[128:])
            assert np.array_equal(audio[:128], packet[:128]) == (index != 11)
    assert concealer.flush().shape == (0, channels)


@settings(max_examples=40)
@given(st.integers(0, 5), st.lists(st.booleans(), min_size=1, max_size=20), st.integers(1, 2))
def test_the_output_lags_by_the_lookahead(lookahead: int, lost: list[bool], channels: int) -> None:
    signal = music(len(lost) * 64, channels)
    concealer = Concealer(RATE, channels, 64, SMALL, lookahead)
    parts = []
    for index, gone in enumerate(lost):
        audio = concealer.push(None if gone else signal[index * 64 : (index + 1) * 64])
        assert audio.shape == (64 if index >= lookahead else 0, channels)
        holes = index >= lookahead and lost[index - lookahead]
        assert [hole[:2] for hole in concealer.holes] == ([(0, 64)] if holes else [])
        parts.append(audio)
    rest = concealer.flush()
    assert rest.shape[0] == 64 * min(lookahead, len(lost))
    assert sum(hole.length for hole in concealer.holes) == 64 * sum(lost[-lookahead:] if lookahead else [])
    audio = np.concatenate([*parts, rest])
    assert audio.shape == signal.shape
    assert np.isfinite(audio).all()
    assert concealer.flush().shape == (0, channels)
    assert concealer.holes == []


def test_lookahead_closes_holes_from_both_sides() -> None:
    signal = music(20 * 512)
    predictor = "burg:128/1024"
    lost = [index in (8, 14, 15) for index in range(20)]
    causal = run(Concealer(RATE, predictor=predictor, noise=0.0), signal, lost)
    concealer = Concealer(RATE, predictor=predictor, lookahead=1)
    origins = []
    for index, gone in enumerate(lost):
        concealer.push(None if gone else signal[index * 512 : (index + 1) * 512])
        origins += [hole.origin for hole in concealer.holes]
    assert origins[0] is Origin.INTERPOLATED
    assert origins[1] is Origin.PREDICTED
    both = run(Concealer(RATE, predictor=predictor, lookahead=1, noise=0.0), signal, lost)
    hole = slice(8 * 512, 9 * 512)
    assert np.sum((both[hole] - signal[hole]) ** 2) < np.sum((causal[hole] - signal[hole]) ** 2)
    assert np.array_equal(both[9 * 512 : 14 * 512], signal[9 * 512 : 14 * 512])


def test_a_stream_may_go_on_after_a_flush() -> None:
    signal = music(20 * 512)
    concealer = Concealer(RATE, predictor=SMALL, lookahead=2)
    parts = [concealer.push(signal[i * 512 : (i + 1) * 512]) for i in range(10)]
    parts.append(concealer.flush())
    parts += [concealer.push(signal[i * 512 : (i + 1) * 512]) for i in range(10, 20)]
    parts.append(concealer.flush())
    assert np.array_equal(np.concatenate(parts), signal)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 512), st.booleans()), min_size=1, max_size=20))
def test_packets_may_be_shorter_than_usual(packets: list[tuple[int, bool]]) -> None:
    total = sum(size for size, _ in packets)
    signal = music(total)
    concealer = Concealer(RATE, predictor=SMALL)
    start = 0
    for size, gone in packets:
        part = signal[start : start + size]
        audio = concealer.push_lost(size) if gone else concealer.push(part)
        assert audio.shape == (size, 1)
        assert concealer.holes == ([] if not gone else concealer.holes)
        start += size


@pytest.mark.parametrize(
    "packet",
    [
        np.zeros(513),
        np.zeros(0),
        np.zeros((512, 2)),
        np.zeros((2, 512)),
        np.zeros((512, 1, 1)),
        np.zeros((0, 1)),
        np.float64(1.0),
    ],
)
def test_another_shape_is_an_error_and_changes_nothing(packet: Samples) -> None:
    concealer = Concealer(RATE, predictor=SMALL)
    with pytest.raises(ValueError, match=r"shape \(1..512, 1\)"):
        concealer.push(packet)
    assert np.array_equal(concealer.push(np.ones(512)), np.ones((512, 1)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_errors_and_change_nothing(value: float) -> None:
    signal = music(8 * 512)
    concealer = Concealer(RATE, predictor=SMALL)
    parts = []
    for index in range(8):
        part = signal[index * 512 : (index + 1) * 512].copy()
        bad = part.copy()
        bad[100] = value
        with pytest.raises(ValueError, match="NaN or infinity"):
            concealer.push(bad)
        parts.append(concealer.push(part))
    assert np.array_equal(np.concatenate(parts), signal)


@pytest.mark.filterwarnings("error")
def test_what_float32_cannot_hold_is_an_error_without_a_warning() -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        Concealer(RATE, predictor=SMALL).push(np.full(512, 1e300))


@pytest.mark.parametrize("size", [0, -1, 513])
def test_the_length_of_a_lost_packet_is_checked(size: int) -> None:
    with pytest.raises(ValueError, match=r"1\.\.512"):
        Concealer(RATE, predictor=SMALL).push_lost(size)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"rate": 0}, "rate"),
        ({"rate": -44_100}, "rate"),
        ({"rate": 10**9}, "rate"),
        ({"channels": 0}, "channels"),
        ({"channels": 2000}, "channels"),
        ({"packet": 0}, "packet"),
        ({"packet": 10**6}, "packet"),
        ({"lookahead": -1}, "lookahead"),
        ({"lookahead": 65}, "lookahead"),
        ({"predictor": "none"}, "predictor"),
        ({"noise": -0.1}, r"noise must lie in 0\.\.2, not -0\.1"),
        ({"noise": 2.5}, "noise"),
        ({"noise": float("nan")}, "noise"),
    ],
)
def test_arguments_out_of_range_are_named(arguments: dict[str, object], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Concealer(**({"rate": RATE} | arguments))  # type: ignore[arg-type]


def test_a_predictor_has_a_name_or_is_one() -> None:
    signal = music(4096)
    lost = [index == 5 for index in range(8)]
    named = run(Concealer(RATE, predictor="lpc:32/1024"), signal, lost)
    given = run(Concealer(RATE, predictor=Predictor("lpc", 32, 1024)), signal, lost)
    assert np.array_equal(named, given)
    default = run(Concealer(RATE), signal, lost)
    assert np.array_equal(default, run(Concealer(RATE, predictor=BEST), signal, lost))
    assert not np.array_equal(default, named)


def test_several_predictors_have_a_name_too() -> None:
    signal = music(8 * 512)
    lost = [index in (4, 6) for index in range(8)]
    named = run(Concealer(RATE, predictor=str(SEVERAL)), signal, lost)
    assert np.array_equal(named, run(Concealer(RATE, predictor=SEVERAL), signal, lost))
    alone = Concealer(RATE, predictor=Ensemble(SEVERAL.members[:1]))
    assert not np.array_equal(named, run(alone, signal, lost))


def test_noise_is_on_unless_told_otherwise() -> None:
    signal = music(8 * 512)
    lost = [index == 5 for index in range(8)]
    usual = run(Concealer(RATE, predictor=SEVERAL), signal, lost)
    full = run(Concealer(RATE, predictor=SEVERAL, noise=1.0), signal, lost)
    none = run(Concealer(RATE, predictor=SEVERAL, noise=0.0), signal, lost)
    assert np.array_equal(usual, full)
    assert not np.array_equal(usual, none)


@settings(max_examples=30)
@given(
    st.lists(st.booleans(), min_size=8, max_size=40),
    st.integers(1, 2),
    st.sampled_from([64, 300, 512]),
    st.sampled_from([str(SEVERAL), "tapered:16/800", "burg:8/64"]),
    st.sampled_from([0, 1, 2, 9, 20]),
)
def test_prepared_ahead_or_made_when_needed_is_the_same(
    lost: list[bool], channels: int, packet: int, predictor: str, lookahead: int
) -> None:
    """To the bit, wherever all could be prepared."""
    signal = music(len(lost) * packet, channels)
    patient = run(Concealer(RATE, channels, packet, predictor, lookahead), signal, lost)
    live = Concealer(RATE, channels, packet, predictor, lookahead, patient=False)
    parts = []
    for index, gone in enumerate(lost):
        while live.prepare():
            pass
        parts.append(live.push(None if gone else signal[index * packet : (index + 1) * packet]))
    # Between the packets that the lookahead holds back, nobody can prepare anything: what flush gives is not compared.
    known = np.concatenate(parts)
    assert np.array_equal(known, patient[: known.shape[0]])


def test_there_is_nothing_to_prepare_in_a_hole() -> None:
    concealer = Concealer(RATE, predictor=SEVERAL, patient=False)
    concealer.push(music(512))
    assert [concealer.prepare() for _ in range(4)] == [True, True, True, False]
    concealer.push(None)
    assert not concealer.prepare()


@pytest.mark.parametrize(
    ("predictor", "lookahead", "clean", "loss"),
    [(SEVERAL, 1, 3, 3), (SEVERAL, 2, 0, 6), (SMALL, 1, 0, 1), (SMALL, 2, 0, 1)],
)
def test_with_lookahead_fits_are_made_where_a_loss_needs_them(
    predictor: Ensemble | Predictor, lookahead: int, clean: int, loss: int
) -> None:
    """Where a loss is known two packets ahead, none for what was received; else those that predictors are compared by."""

    def fits() -> int:
        made = 0
        while concealer.prepare():
            made += 1
        return made

    concealer = Concealer(RATE, predictor=predictor, lookahead=lookahead, patient=False)
    signal = music(12 * 512)
    for index in range(12):
        concealer.push(None if index == 8 else signal[index * 512 : (index + 1) * 512])
        made = fits()
        if lookahead <= index < 8:
            assert made == clean
        elif index == 8:
            assert made == loss


def test_the_same_input_gives_the_same_output() -> None:
    signal = music(16 * 512)
    lost = [index % 5 == 4 for index in range(16)]
    once, again = (run(Concealer(RATE), signal, lost) for _ in range(2))
    assert np.array_equal(once, again)


def test_what_goes_in_and_comes_out_belongs_to_the_caller() -> None:
    signal = music(10 * 512)
    concealer, other = Concealer(RATE, predictor=SMALL), Concealer(RATE, predictor=SMALL)
    buffer = np.empty((512, 1), dtype=np.float32)
    for index in range(10):
        buffer[:] = signal[index * 512 : (index + 1) * 512]
        audio = concealer.push(None if index == 6 else buffer)
        expected = other.push(None if index == 6 else buffer.copy())
        assert np.array_equal(audio, expected)
        buffer[:] = np.nan
        audio[:] = np.nan


def test_a_refiner_is_asked() -> None:
    class Half:
        name = "half"
        context, block, horizon, made, fade = 64, 512, 768, 768, 1

        def refuses(self, rate: int) -> None:
            return None

        def look(self, past: Signal) -> bool:
            return False

        def refine(self, block: Block) -> Signal:
            half: Signal = 0.5 * (block.prediction + block.innovation)
            return half

    signal = music(4096)
    lost = [index == 5 for index in range(8)]
    plain = run(Concealer(RATE, predictor=SMALL), signal, lost)
    half = run(Concealer(RATE, predictor=SMALL, refiner=Half()), signal, lost)
    assert half[2561:3072] == pytest.approx(0.5 * plain[2561:3072], abs=1e-7)


class Learned:
    """A network that gives the prediction as it is, and says what it was trained on."""

    name, takes_s, closes, longest = "learned", 0.0, False, 1 << 16
    context, block, horizon, made, fade = 64, 512, 768, 768, 1

    def __init__(self, predictor: Ensemble, refused: str | None = None) -> None:
        self.predictor = predictor
        self.refused = refused

    def refuses(self, rate: int) -> str | None:
        return self.refused

    def look(self, past: Signal) -> bool:
        return False

    def refine(self, block: Block) -> Signal:
        return block.prediction + block.innovation


def test_a_network_brings_its_predictor_unless_one_is_named() -> None:
    own = Ensemble((SMALL,))
    assert Concealer(RATE, refiner=Learned(own)).predictor == own
    assert Concealer(RATE, refiner=Learned(BEST)).predictor == BEST
    assert Concealer(RATE, predictor="best", refiner=Learned(own)).predictor == BEST
    assert Concealer(RATE, refiner=Learned(own, "not at this rate")).predictor == BEST
    signal, lost = music(4096), [index == 5 for index in range(8)]
    plain = run(Concealer(RATE, predictor=SMALL), signal, lost)
    assert run(Concealer(RATE, refiner=Learned(own)), signal, lost) == pytest.approx(plain, abs=1e-6)


def test_memory_is_bounded() -> None:
    concealer = Concealer(RATE, packet=64, predictor=SMALL, lookahead=3)
    for _ in range(3000):
        concealer.push(np.ones(64))
        assert concealer._samples.shape[0] <= 4 * 64
        assert len(concealer._lengths) <= 4
