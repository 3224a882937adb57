"""A network from a file that may be anything: looked at, tried in a process of its own, and only then loaded."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from plcd.neural.contract import Contract
from plcd.neural.errors import ModelError, one_line
from plcd.neural.magnitude import Magnitude
from plcd.neural.network import Network
from plcd.neural.onnx_file import OnnxFile
from plcd.neural.samples import Samples
from plcd.neural.waveform import Waveform

LARGEST: Final = 1 << 30
"""Bytes of a file."""
RUN_S: Final = 10.0
"""A run that takes longer is of no use to anybody."""
PATIENCE_S: Final = 60.0
"""For all of a trial: start, reading and optimising the graph, and its runs."""
KINDS: Final[Mapping[str, Callable[[Contract, bytes, OnnxFile, int], Network[Any]]]] = {
    kind.kind: kind for kind in (Magnitude, Waveform, Samples)
}
"""Framings by their name in the metadata."""


def read_model(path: Path) -> bytes:
    """The file's content. Raises ModelError where it is none, too large, or cannot be read."""
    try:
        if not path.is_file():
            raise ModelError("not a file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise ModelError(f"{size / LARGEST:.1f} GB are too many: at most 1 GB")
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ModelError(error.strerror or "cannot be read") from None
    if not content:
        raise ModelError("the file is empty")
    return content


def make_network(content: bytes, threads: int | None = None) -> Network[Any]:
    """The network in ``content``, which is run in this process: for what :func:`try_apart` let pass.

    ``threads``: how many it computes with; None: as many as its contract says. Raises ModelError where it does not keep the
    contract.
    """
    file = OnnxFile.parse(content)
    contract = Contract.parse(file.metadata)
    kind = KINDS.get(contract.kind)
    if kind is None:
        raise ModelError(f"metadata 'kind' {contract.kind!r}: there are {', '.join(KINDS)}")
    return kind(contract, content, file, threads or contract.threads)


def try_apart(content: bytes) -> None:
    """Load and run ``content`` in another process, which may fail in any way. Raises ModelError with the reason."""
    if importlib.util.find_spec("onnxruntime") is None:
        raise ModelError("onnxruntime is not installed (pip install onnxruntime)")
    command = [sys.executable, "-P", "-m", "plcd.neural.trial"]
    places = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places)}
    try:
        end = subprocess.run(
            command, input=content, capture_output=True, timeout=PATIENCE_S, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"trying it takes longer than {PATIENCE_S:.0f} s") from None
    try:
        said = json.loads(end.stdout)
    except ValueError:
        how = f"signal {-end.returncode}" if end.returncode < 0 else f"exit code {end.returncode}"
        raise ModelError(f"onnxruntime does not survive it ({how})") from None
    if said["refused"] is not None:
        raise ModelError(one_line(said["refused"], 400))


def load(path: Path, threads: int | None = None) -> Network[Any]:
    """The network in the file. Raises ModelError, in one line without the file's name, where plcd does not run it."""
    content = read_model(path)
    try_apart(content)
    return make_network(content, threads)
