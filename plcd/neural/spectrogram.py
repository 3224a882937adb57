"""A network that repairs patches of magnitudes, from its ONNX file: what ``plcd restore --method res-u-net`` runs.

The file: opset and operators as docs/models.md has them, ``plcd`` metadata with ``contract`` 1, ``kind`` ``spectrogram``, a
``name``, and the figures of :mod:`plcd.neural.patches`. Input ``damaged`` and output ``repaired``, both float32 ``(1, 1, BINS,
FRAMES)``, are magnitudes over those of a sine of full scale.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plcd.neural.contract import KEY, VERSION
from plcd.neural.errors import ModelError, one_line
from plcd.neural.loading import read_model
from plcd.neural.onnx_file import OnnxFile
from plcd.neural.patches import BINS, FRAMES, HOP, RATE, SIZE, Picture
from plcd.neural.session import Session
from plcd.neural.shipped import models_folder

FOLDER: Final = "restore"
"""Below the folder of models: those that repair recordings."""
DEFAULT: Final = "res-u-net-v2"
KIND: Final = "spectrogram"
_SHAPE: Final = (1, 1, BINS, FRAMES)
_WANTED: Final = {
    "contract": VERSION,
    "kind": KIND,
    "rate": RATE,
    "stft": {"size": SIZE, "hop": HOP, "window": "hann"},
    "bins": BINS,
    "frames": FRAMES,
}


class SpectrogramNetwork:
    """``content``: a whole file. Raises ModelError where it is no such network."""

    def __init__(self, content: bytes) -> None:
        file = OnnxFile.parse(content)
        self.values = _values(file.metadata.get(KEY))
        for key, value in _WANTED.items():
            if self.values.get(key) != value:
                raise ModelError(
                    f"metadata {key!r} must be {value!r}, not {one_line(self.values.get(key), 60)}"
                )
        for ports, name in ((file.inputs, "damaged"), (file.outputs, "repaired")):
            if list(ports) != [name] or ports[name].shape != _SHAPE or ports[name].truth:
                raise ModelError(
                    f"it must have one input 'damaged' and one output 'repaired', float32 {_SHAPE}"
                )
        self.parameters = file.parameters
        self._session = Session(content)

    def repair(self, damaged: Picture) -> Picture:
        """``(BINS, FRAMES)`` to the same, finite and not negative. Raises ModelError where it does not run."""
        shown = np.ascontiguousarray(damaged, np.float32).reshape(_SHAPE)
        try:
            (made,) = self._session.run(["repaired"], {"damaged": shown})
        except Exception as error:  # onnxruntime's classes have no common base but this
            raise ModelError(f"it fails when it runs: {one_line(error)}") from None
        if not np.isfinite(made).all():
            raise ModelError("it gives NaN or infinity")
        repaired: NDArray[np.float64] = np.maximum(made.reshape(BINS, FRAMES), 0).astype(np.float64)
        return repaired


def shipped() -> list[str]:
    """The names of those that ship, without ``.onnx``."""
    folder = models_folder() / FOLDER
    return sorted(path.stem for path in folder.glob("*.onnx")) if folder.is_dir() else []


def find_network(name_or_path: str | None) -> Path:
    """The file: a path, or one that ships, with or without ``.onnx``; None: the default. Raises ModelError."""
    if name_or_path is not None and Path(name_or_path).exists():
        return Path(name_or_path)
    folder, names = models_folder() / FOLDER, shipped()
    name = (name_or_path or DEFAULT).removesuffix(".onnx")
    if name not in names:
        have = f"there are {', '.join(names)}" if names else "none ship with this version"
        raise ModelError(f"{one_line(name)!r}: no such file, and no such network for restoring ({have})")
    return folder / f"{name}.onnx"


def load_network(path: Path) -> tuple[SpectrogramNetwork, bytes]:
    """The network in ``path``, and the file's content. Raises ModelError, without the file's name."""
    content = read_model(path)
    return SpectrogramNetwork(content), content


def is_network(path: Path) -> bool:
    """Whether ``path`` says of itself that it is such a network, if nothing else about it is right."""
    try:
        return bool(_values(OnnxFile.parse(read_model(path)).metadata.get(KEY)).get("kind") == KIND)
    except ModelError:
        return False


def _values(text: str | None) -> dict[str, Any]:
    if text is None:
        raise ModelError(f"no metadata under the key {KEY!r}: not a network made for plcd (docs/models.md)")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"its metadata {KEY!r} is not JSON: {one_line(error, 100)}") from None
    if not isinstance(values, dict):
        raise ModelError(f"its metadata {KEY!r} is not a JSON object")
    return values
