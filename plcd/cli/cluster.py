"""Work on a Dask cluster that somebody started: an executor. Workers need plcd, the same version as here, but no shared disk."""

import logging
import pickle
import re
import socket
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, InvalidStateError
from concurrent.futures import Future as LocalFuture
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from plcd.cli.errors import CliError, ExitCode

_CONNECT_S = 5
_ADDRESS = re.compile(r"(?:\w+://)?\[?([^/\s]+?)\]?:(\d{1,5})")
_WORKERS_S = 30
_WATCHED_S = 1


class _ByValue:
    """A function that is pickled with its code, not by the name of its module, whichever pickler meets it."""

    def __init__(self, cloudpickle: ModuleType, function: Callable[..., Any]) -> None:
        module = sys.modules[function.__module__]
        cloudpickle.register_pickle_by_value(module)
        try:
            self._code = cloudpickle.dumps(function)
        finally:
            cloudpickle.unregister_pickle_by_value(module)
        self._function, self._loads = function, cloudpickle.loads

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __reduce__(self) -> tuple[Callable[[bytes], Any], tuple[bytes]]:
        return self._loads, (self._code,)


class _Cluster(Executor):
    """What a client gives as an executor, with functions and arguments sent as bytes.

    The scheduler unpickles every task it is given and has none of our modules; of bytes it sees nothing. When it is lost for
    good, the futures that are left raise ConnectionError; dask leaves some of them waiting for ever.
    """

    def __init__(self, client: Any, call: _ByValue) -> None:
        self._client, self._call = client, call
        self._executor = client.get_executor(pure=False, retries=1)
        self._left: set[LocalFuture[Any]] = set()
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "LocalFuture[Any]":
        task = pickle.dumps((function, args, kwargs))
        future: LocalFuture[Any] = self._executor.submit(self._call, task)
        self._left.add(future)
        future.add_done_callback(self._left.discard)
        return future

    def forget(self) -> None:
        """Cancel what is left."""
        with suppress(Exception):  # the scheduler may be gone, and then there is nothing to cancel
            self._executor.shutdown(wait=False)

    def _watch(self) -> None:
        while self._client.status != "closed":
            time.sleep(_WATCHED_S)
        for future in self._left.copy():
            with suppress(InvalidStateError):
                future.set_exception(ConnectionError("the scheduler is gone"))


def _call(task: bytes) -> Any:
    """On a worker."""
    import pickle

    function, args, kwargs = pickle.loads(task)
    return function(*args, **kwargs)


@contextmanager
def dask_pool(address: str, source: Path | None = None) -> Iterator[tuple[Executor, int]]:
    """The cluster whose scheduler is at ``address``, and how many threads its workers have.

    The package in ``source``, if any, is sent to each worker, also to those that come later. Raises CliError where dask is
    missing, nothing answers or no worker is there.
    """
    try:
        cloudpickle, distributed = (import_module(name) for name in ("cloudpickle", "distributed"))
        upload = import_module("distributed.diagnostics.plugin").UploadFile
    except ImportError:
        raise CliError("--scheduler needs dask: pip install distributed", ExitCode.USAGE) from None
    _hush()
    _answers(address)
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CliError(
            f"--scheduler {address}: no Dask scheduler answers: {reason}", ExitCode.ADDRESS
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_WORKERS_S)
        except TimeoutError:
            raise CliError(f"--scheduler {address}: the cluster has no workers", ExitCode.ADDRESS) from None
        if source is not None:
            client.register_plugin(_zipped(source, upload))
        pool = _Cluster(client, _ByValue(cloudpickle, _call))
        try:
            yield pool, sum(client.nthreads().values())
        finally:
            pool.forget()


def _hush() -> None:
    """What goes wrong is said by whoever waits for it, not by the libraries' logs."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("distributed", "tornado")):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _answers(address: str) -> None:
    """Raise CliError unless something listens at ``address``: sooner and in fewer words than dask's client."""
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match[2]) > 65_535:
        raise CliError(f"--scheduler {address}: write it as HOST:PORT or tcp://HOST:PORT", ExitCode.ADDRESS)
    try:
        socket.create_connection((match[1], int(match[2])), timeout=_CONNECT_S).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise CliError(
            f"--scheduler {address}: no Dask scheduler answers: {reason}", ExitCode.ADDRESS
        ) from None


def _zipped(source: Path, plugin: Callable[[str], Any]) -> Any:
    """A worker plugin that brings the package in ``source``; it reads the zip while it is made."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"{source.name}.zip"
        with zipfile.ZipFile(file, "w") as archive:
            for path in sorted(source.rglob("*.py")):
                archive.write(path, path.relative_to(source.parent).as_posix())
        return plugin(str(file))
