"""What a network is shown in use, cut from recordings: for calibrating int8 and for comparing files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from plcd.neural.contract import Scale
from plcd.training.data.clips import Clips
from plcd.training.data.collection import find_recordings
from plcd.training.data.cutting import BlockMaker
from plcd.training.errors import TrainingError
from plcd.training.framings import Spectra
from plcd.training.recipe import Data, Framing

Array = NDArray[np.float32]
CLIP_S = 3.0
_MOST_CLIPS = 200


def frames(
    contract: dict[str, Any], folders: list[Path], count: int, say: Callable[[str], None], seed: int = 0
) -> list[Array]:
    """``count`` inputs of a file in one stage, each with a batch axis of 1, from blocks that were lost in clips of ``folders``.

    Raises TrainingError where the folders hold too little, or the contract's kind is neither ``magnitude`` nor ``waveform``.
    """
    kind = contract.get("kind")
    if kind not in ("magnitude", "waveform"):
        raise TrainingError(f"frames of the kind {kind!r} cannot be cut here")
    data = Data(
        rate=contract["rate"],
        packet=contract["block"],
        predictor=contract["predictor"],
        past=contract["context"],
    )
    recordings = find_recordings([(folder, 1.0) for folder in folders], CLIP_S, say)
    maker = BlockMaker(Clips(tuple(recordings), data.rate, CLIP_S), seed, data, contract["horizon"])
    shown: list[Array] = []
    for number in range(_MOST_CLIPS):
        examples = maker(number, say)
        shown += _shown(contract, kind, examples)
        if len(shown) >= count:
            return shown[:count]
    raise TrainingError(
        f"only {len(shown)} of {count} frames in {_MOST_CLIPS} clips: give more, or louder, recordings"
    )


def _shown(contract: dict[str, Any], kind: str, examples: dict[str, NDArray[Any]]) -> list[Array]:
    past = examples["past"]
    if not len(past):
        return []
    if kind == "waveform":
        scale = Scale(contract["scale"]["kind"], contract["scale"].get("value", 1.0))
        return [np.ascontiguousarray((row / scale.of(row))[None, None], np.float32) for row in past]
    stft, said = contract["stft"], contract["scale"]
    spectra = Spectra(
        Framing(
            context=contract["context"],
            horizon=contract["horizon"],
            made=contract["made"],
            fade=contract["fade"],
            noise=contract["noise"],
            size=stft["size"],
            hop=stft["hop"],
            scale=said["kind"],
            scale_value=said.get("value", 1.0),
        )
    )
    prediction = examples["prediction"] + contract["noise"] * examples["innovation"]
    frame = torch.from_numpy(np.concatenate((past, prediction), axis=1).astype(np.float32))
    roots, _ = spectra.analyse(frame, spectra.scale(frame))
    return [np.ascontiguousarray(root[None].numpy()) for root in roots]
