"""What a look measures of a network of spectrograms: patches of validation recordings, always the same."""

from collections.abc import Callable
from typing import Final

import numpy as np

from plcd.neural.patches import picture
from plcd.training.data.clips import Clips
from plcd.training.data.deletion import Deletion, blocks, one_block
from plcd.training.data.patches import GapMaker
from plcd.training.tasks.spectrogram import Judged

KINDS: Final = ("block", "blocks")
"""One block, and several of 4 to 16 frames."""
SILENT: Final = 1e-5
"""Largest magnitude of a frame, -100 dB full scale: deleting what is not there says nothing."""


def judged(clips: Clips, count: int, deletion: Deletion, say: Callable[[str], None]) -> Judged:
    """``count`` patches of ``clips``, each once of either kind, with as much deleted; none with a silent frame in it."""
    maker = GapMaker(clips, 0, deletion)
    found: Judged = {kind: [] for kind in KINDS}
    number = 0
    while len(found["block"]) < count:
        waves = maker(number, say)["wave"].astype(np.float64)
        sounds = [
            (place, wave) for place, wave in enumerate(waves) if picture(wave).max(axis=0).min() > SILENT
        ]
        for place, wave in sounds[: count - len(found["block"])]:
            rng = np.random.default_rng([8, number, place])
            share = float(rng.uniform(deletion.least, deletion.most))
            truth = picture(wave)
            found["block"].append((truth, one_block(share, rng)))
            found["blocks"].append((truth, blocks(share, deletion.shortest, deletion.longest, rng)))
        number += 1
    return found
