"""Makes codec nets, and finds them again in files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from plcd.training.codec.nets import MagnitudeCodec, TimeCodec
from plcd.training.errors import TrainingError
from plcd.training.weights import HEAD, load_weights

_NETS = {"codec-magnitude": MagnitudeCodec, "codec-time": TimeCodec}


def make_codec(kind: str, settings: dict[str, Any]) -> nn.Module:
    """An untrained net; ``kind`` as the recipes call their task. Raises TrainingError for settings it has not."""
    try:
        return _NETS[kind](**settings)
    except TypeError as error:
        raise TrainingError(f"network: {error}") from None


def load_codec(file: Path) -> nn.Module:
    """The net in ``file``, which ``plcd train codec-...`` wrote. Raises TrainingError where it is none."""
    if not file.is_file():
        raise TrainingError(
            f"codec {file}: no such file; make one with: plcd train codec-magnitude --data DIR"
        )
    try:
        with np.load(file, allow_pickle=False) as stored:
            head = json.loads(str(stored[HEAD]))
            net = make_codec(head["task"], head["network"])
    except (OSError, ValueError, KeyError, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        raise TrainingError(f"codec {file}: is not a codec net of plcd train: {reason}") from None
    load_weights(file, net)
    return net
