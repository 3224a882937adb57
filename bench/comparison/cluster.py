"""Cells on a Dask cluster. Workers need plcd and the metrics' packages, the same versions as here, but no shared disk."""

import pickle
import re
import socket
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from concurrent.futures import Future as LocalFuture
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from plcd.cli.errors import CliError, ExitCode

_CONNECT_S = 5
_ADDRESS = re.compile(r"(?:\w+://)?\[?([^/\s]+?)\]?:(\d{1,5})")
_WORKERS_S = 30


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

    The scheduler unpickles every task it is given and has none of our modules; of bytes it sees nothing.
    """

    def __init__(self, executor: Any, call: _ByValue) -> None:
        self._executor, self._call = executor, call

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "LocalFuture[Any]":
        task = pickle.dumps((function, args, kwargs))
        future: LocalFuture[Any] = self._executor.submit(self._call, task)
        return future


def _call(task: bytes) -> Any:
    """On a worker."""
    import pickle

    function, args, kwargs = pickle.loads(task)
    return function(*args, **kwargs)


@contextmanager
def dask_pool(address: str, source: Path) -> Iterator[tuple[Executor, int]]:
    """The cluster whose scheduler is at ``address``, and how many threads its workers have.

    The package in ``source`` is sent to each worker, also to those that come later. Raises CliError where dask is missing,
    nothing answers or no worker is there.
    """
    try:
        cloudpickle, distributed = (import_module(name) for name in ("cloudpickle", "distributed"))
        upload = import_module("distributed.diagnostics.plugin").UploadFile
    except ImportError:
        raise CliError("--scheduler needs dask: pip install distributed", ExitCode.USAGE) from None
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
        client.register_plugin(_zipped(source, upload))
        executor = client.get_executor(pure=False, retries=1)
        try:
            yield _Cluster(executor, _ByValue(cloudpickle, _call)), sum(client.nthreads().values())
        finally:
            executor.shutdown(wait=False)


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
