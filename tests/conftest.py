"""What every test may use."""

import logging
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from headless_browser import Browser, NoBrowserError, find_browser
from soundserver import PulseServer, UnavailableError, jack_environment

# No deadline: first calls compile, and machines are busy. The same examples on every run; make fuzz looks for new ones.
hypothesis.settings.register_profile("plcd", deadline=None, derandomize=True)
hypothesis.settings.register_profile("fuzz", deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile("plcd")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background jobs ignore it, and so would every process that a test means to interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

LIVE = Path(__file__).parent / "daemon"


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What runs beside the clock is marked; a machine that stalls may fail it, but not three times in a row."""
    for item in items:
        if item.path.is_relative_to(LIVE) or item.get_closest_marker("soundserver"):
            item.add_marker("realtime")
        if item.get_closest_marker("realtime") and config.pluginmanager.hasplugin("rerunfailures"):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """What a command sets up for its process is over with the test that ran it."""
    logger = logging.getLogger("plcd")
    before = logger.level, list(logger.handlers), logger.propagate
    yield
    logger.setLevel(before[0])
    logger.handlers[:], logger.propagate = before[1], before[2]


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    """A UDP socket on loopback that collects what is sent to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.2)
        yield sock


@pytest.fixture
def pulse_server(tmp_path: Path) -> Iterator[PulseServer]:
    """A running PulseAudio with a null sink, all its own; skips where there can be none."""
    try:
        server = PulseServer(tmp_path)
        server.start()
    except UnavailableError as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture
def jack_server(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a running jackd with a dummy device of 1024 samples; skips where there can be none."""
    try:
        with jack_environment(tmp_path, 1024) as environment:
            yield environment
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running headless Chromium; skips where there can be none."""
    try:
        browser = Browser(find_browser(), tmp_path_factory.mktemp("browser"))
    except NoBrowserError as error:
        pytest.skip(str(error))
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def _one_torch_thread() -> Iterator[None]:
    """Where a test has PyTorch: beside other tests more threads wait for each other."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
