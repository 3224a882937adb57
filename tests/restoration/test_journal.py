"""The journal: what was added comes back exactly, up to where it was torn off; another run's is refused."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.restoration.errors import RestorationError
from plcd.restoration.journal import Job, Journal, Restored, journal_of

JOB = Job("ab" * 32, "cd" * 32, 2, "interpolate 1")


def window(samples: int, seed: int) -> Restored:
    return np.random.default_rng(seed).normal(size=(samples, 2)).astype(np.float32)


def fill(path: Path, sizes: list[int]) -> None:
    with Journal(path, JOB) as journal:
        for number, size in enumerate(sizes):
            assert journal.next(1000 * number, size) is None
            journal.add(1000 * number, window(size, number))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 60), st.binary(max_size=20))
def test_what_is_whole_comes_back_and_the_rest_is_made_anew(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], torn: int, junk: bytes
) -> None:
    path = tmp_path_factory.mktemp("journal") / "out.wav.partial"
    fill(path, sizes)
    whole = path.read_bytes()
    head = whole.index(b"\n") + 1
    path.write_bytes(whole[: max(head, len(whole) - torn)] + junk.replace(b"\n", b""))
    with Journal(path, JOB) as journal:
        missing = False
        for number, size in enumerate(sizes):
            restored = journal.next(1000 * number, size)
            missing |= restored is None
            if missing:
                assert restored is None
                journal.add(1000 * number, window(size, number))
            else:
                assert restored is not None
                np.testing.assert_array_equal(restored, window(size, number))
        assert journal.next(1000 * len(sizes), 1) is None
    assert path.read_bytes() == whole


def test_a_header_cut_short_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "p"
    fill(path, [3])
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    fill(path, [3])
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "other",
    [
        Job("ff" * 32, JOB.gaps_sha256, 2, JOB.method),
        Job(JOB.input_sha256, "ff" * 32, 2, JOB.method),
        Job(JOB.input_sha256, JOB.gaps_sha256, 1, JOB.method),
        Job(JOB.input_sha256, JOB.gaps_sha256, 2, "interpolate 2"),
    ],
)
def test_the_journal_of_another_run_is_refused_and_kept(tmp_path: Path, other: Job) -> None:
    path = tmp_path / "p"
    fill(path, [4])
    before = path.read_bytes()
    with pytest.raises(RestorationError, match="of another restoration"), Journal(path, other):
        pass
    assert path.read_bytes() == before
    path.write_text("shopping list\n")
    with pytest.raises(RestorationError, match="or delete it"), Journal(path, JOB):
        pass


def test_a_run_that_stops_before_its_first_window_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p"
    fill(path, [4, 5])
    before = path.read_bytes()
    with Journal(path, JOB):
        pass
    assert path.read_bytes() == before
    with Journal(path, JOB) as journal:
        assert journal.next(0, 4) is not None
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"\0\1not mine", b"{", b'{"input_sha256": "no', b"x" * 9999])
def test_a_file_that_is_no_journal_is_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p"
    path.write_bytes(content)
    own = content == b"{"  # as much as a full disk might have left of ours
    try:
        with Journal(path, JOB) as journal:
            journal.add(0, window(3, 1))
    except RestorationError as error:
        assert "or of something else" in str(error)  # noqa: PT017
        assert not own
        assert path.read_bytes() == content
    else:
        assert own


def test_lines_that_are_not_the_wanted_window_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "p"
    fill(path, [4, 5])
    with Journal(path, JOB) as journal:
        assert journal.next(0, 5) is None  # of other size
        journal.add(0, window(5, 7))
    with Journal(path, JOB) as journal:
        restored = journal.next(0, 5)
        assert restored is not None
        assert journal.next(1000, 5) is None


def test_it_goes_when_it_has_served_and_unwritable_places_are_one_line(tmp_path: Path) -> None:
    path = journal_of(tmp_path / "out.wav")
    assert path.name == "out.wav.partial"
    with Journal(path, JOB) as journal:
        journal.add(0, window(3, 1))
        journal.remove()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RestorationError, match="cannot be written"), Journal(tmp_path / "no" / "p", JOB):
        pass
    with Journal(path, JOB) as journal:
        assert journal.next(0, 3) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
def test_a_full_disk_keeps_what_was_whole(tmp_path: Path) -> None:
    import resource
    import signal

    path = tmp_path / "p"
    fill(path, [4])
    whole = path.read_bytes()
    old_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    old_handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 50, old_limit[1]))
        with Journal(path, JOB) as journal:
            assert journal.next(0, 4) is not None
            with pytest.raises(RestorationError, match="cannot be written"):
                journal.add(1000, window(400, 1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)
    with Journal(path, JOB) as journal:
        assert journal.next(0, 4) is not None
        assert journal.next(1000, 400) is None
