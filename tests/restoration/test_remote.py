"""Windows restored in another process: the same samples, and every way in which that process may not do."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from damaged import RATE, music, write

from plcd.offline.audio_files import read_info
from plcd.restoration import remote
from plcd.restoration.errors import RestorationError
from plcd.restoration.interpolate import Interpolate
from plcd.restoration.methods import METHODS, Options
from plcd.restoration.remote import Asked, Remote, identity_of, restore_window
from plcd.restoration.restore import restore_file
from plcd.restoration.restorer import Window

OPTIONS = Options()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Executor]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield pool


def window() -> Window:
    audio = music(8000, 2)
    missing = np.zeros(8000, np.bool_)
    missing[4000:4100] = True
    audio[missing] = 0.0
    return Window(audio, missing, RATE)


def test_it_is_the_same_method_elsewhere(elsewhere: Executor) -> None:
    there, here = Remote("interpolate", OPTIONS, elsewhere, threading.Event()), Interpolate()
    assert there.identity == here.identity
    assert there.reach(RATE) == here.reach(RATE)
    given = window()
    np.testing.assert_array_equal(there.restore(given, lambda _: None), here.restore(given, lambda _: None))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"code": "of another version"},
            "a worker has another version of plcd; every machine needs the same",
        ),
        ({"packages": (("numpy", "1.0"),)}, f"a worker has numpy {np.__version__}, but here it is 1.0"),
        ({"name": "magic"}, "unknown method 'magic'"),
    ],
)
def test_a_process_with_something_else_refuses(
    elsewhere: Executor, change: dict[str, object], told: str
) -> None:
    asked = replace(Asked.here("interpolate", OPTIONS), **change)  # type: ignore[arg-type]
    with pytest.raises(RestorationError) as caught:
        elsewhere.submit(identity_of, asked).result(60)
    assert str(caught.value).startswith(told)


def test_processes_whose_models_differ_do_not_work_on_one_file(elsewhere: Executor) -> None:
    asked = Asked.here("interpolate", OPTIONS)
    with pytest.raises(RestorationError, match="different models or settings of interpolate"):
        elsewhere.submit(restore_window, asked, "interpolate 0", window()).result(60)


def test_packages_that_are_not_here_are_the_others_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    method = replace(METHODS["interpolate"], needs=("numpy", "no_such_package"))
    monkeypatch.setitem(METHODS, "interpolate", method)
    names = [name for name, _ in Asked.here("interpolate", OPTIONS).packages]
    assert "no_such_package" not in names
    assert "numba" in names


def _die(*_: object) -> None:
    os._exit(1)


def _lacking(*_: object) -> None:
    raise ModuleNotFoundError("No module named 'plcd'", name="plcd")


def test_whatever_goes_wrong_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        there = Remote("interpolate", OPTIONS, pool, threading.Event())
        monkeypatch.setattr(remote, "restore_window", _lacking)
        with pytest.raises(RestorationError, match="a worker has no plcd: every machine needs"):
            there.restore(window(), lambda _: None)
        monkeypatch.setattr(remote, "restore_window", _die)
        with pytest.raises(RestorationError, match="a worker failed: BrokenProcessPool") as caught:
            there.restore(window(), lambda _: None)
        assert "\n" not in str(caught.value)


def test_a_window_that_fails_names_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "in.wav", music(5000))
    gaps = np.array([[1000, 1100]], np.int64)
    with ThreadPoolExecutor(1) as pool:
        there = Remote("interpolate", OPTIONS, pool, threading.Event())
        there.reach(RATE)
        pool.shutdown()
        with pytest.raises(
            RestorationError, match=r"in\.wav: gap at 0\.062 s: a worker failed: RuntimeError"
        ):
            restore_file(read_info(path), "", gaps, tmp_path / "out.wav", there)
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


def test_who_waits_can_be_stopped() -> None:
    stopped, done = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        there = Remote("interpolate", OPTIONS, pool, stopped)
        pool.submit(done.wait, 60)  # the only place is taken
        stopped.set()
        with pytest.raises(KeyboardInterrupt):
            there.restore(window(), lambda _: None)
        done.set()
