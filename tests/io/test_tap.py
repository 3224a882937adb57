"""The tap: what is written is what is taken, in order, a bounded amount of it."""

import threading

import numpy as np

from plcd.io.tap import LIMIT_BYTES, Tap

RNG = np.random.default_rng(1)


def test_what_is_taken_is_what_was_written() -> None:
    tap = Tap()
    assert tap.take() is None
    frames = [RNG.standard_normal((64, 2)).astype(np.float32) for _ in range(5)]
    expected = np.concatenate(frames)
    for frame in frames:
        tap.write(frame)
        frame[:] = 0  # the engine may use it again
    assert np.array_equal(tap.take(), expected)  # type: ignore[arg-type]
    assert tap.take() is None


def test_two_channels_at_most_are_handed_out() -> None:
    tap = Tap()
    for channels in (1, 2, 5):
        frame = RNG.standard_normal((32, channels)).astype(np.float32)
        tap.write(frame)
        taken = tap.take()
        assert taken is not None
        assert np.array_equal(taken, frame[:, :2])
        assert taken.flags.c_contiguous


def test_nobody_takes_and_nothing_grows() -> None:
    tap = Tap()
    frame = np.ones((4096, 2), dtype=np.float32)
    for _ in range(3 * LIMIT_BYTES // frame.nbytes):
        tap.write(frame)
    taken = tap.take()
    assert taken is not None
    assert taken.nbytes == LIMIT_BYTES
    assert tap.dropped == 2 * LIMIT_BYTES // frame.nbytes
    tap.write(frame)
    assert np.array_equal(tap.take(), frame)  # type: ignore[arg-type]


def test_two_threads_lose_and_repeat_nothing() -> None:
    tap = Tap()
    count = 2000

    def write() -> None:
        for number in range(count):
            tap.write(np.full((16, 1), number, dtype=np.float32))

    writer = threading.Thread(target=write)
    writer.start()
    pieces = []
    while writer.is_alive():
        if (piece := tap.take()) is not None:
            pieces.append(piece)
    writer.join()
    if (piece := tap.take()) is not None:
        pieces.append(piece)
    assert np.array_equal(np.concatenate(pieces)[::16, 0], np.arange(count))
    assert tap.dropped == 0
