"""One case: pictures before and after, and how it sounds before and after."""

from collections.abc import Callable

import numpy as np

from pictures.cases import Case
from plcd.neural.patches import BINS, FRAMES, FULL_SCALE, HOP, RATE, SIZE, Flags, Picture, Wave, between
from plcd.neural.spectrogram import SpectrogramNetwork
from plcd.restoration.res_u_net.blind import PAPER_ROUNDS, BlindResUNet, damaged_frames
from plcd.restoration.res_u_net.phases import griffin_lim, inverse
from plcd.scoring.packages import at_48_khz, zimtohrli_mos
from plcd.scoring.pair import Pair
from plcd.scoring.peaq.model import peaq_basic
from plcd.scoring.pictures import nrmse, psnr_db

Values = dict[str, float]
_MIDDLE = (SIZE - HOP) // 2
"""Samples of a frame before those that are nearest to its middle."""


def of_pictures(case: Case, network: SpectrogramNetwork) -> Values:
    """PSNR and NRMSE, means over patches: ``given``, after the network (``made``), the same but for frames that it
    does not find damaged (``kept``), with straight lines (``lines``)."""

    def made(truth: Picture, deleted: Flags) -> Picture:
        return network.repair(truth * ~deleted)

    def kept(truth: Picture, deleted: Flags) -> Picture:
        given = truth * ~deleted
        repaired = network.repair(given)
        return np.where(damaged_frames(FULL_SCALE * repaired, FULL_SCALE * given), repaired, given)

    ways: dict[str, Callable[[Picture, Flags], Picture]] = {
        "given": lambda truth, deleted: truth * ~deleted,
        "made": made,
        "kept": kept,
        "lines": between,
    }
    found: dict[str, list[float]] = {}
    for truth, deleted in case.patches():
        for name, way in ways.items():
            repaired = way(truth, deleted)
            found.setdefault(f"psnr_{name}", []).append(psnr_db(truth, repaired))
            found.setdefault(f"nrmse_{name}", []).append(nrmse(truth, repaired))
    values = {name: float(np.mean(each)) for name, each in found.items()}
    return values | {"patches": float(len(found.get("psnr_made", ())))}


def of_sound(case: Case, network: SpectrogramNetwork) -> Values:
    """ODG and Zimtohrli at 16 kHz before and after: frames deleted as in the paper (``given``, ``made``), and the same places cut
    out of the sound, as packets are (``cut``), for ``plcd restore --gaps blind`` (``plcd``).
    """
    whole = case.spectra()
    given = whole * ~case.deleted
    magnitude = np.concatenate((_repaired(network, np.abs(given[:BINS])), np.abs(given[BINS:])))
    holes = np.repeat(case.deleted, HOP)
    cut = case.wave.copy()
    cut[_MIDDLE : _MIDDLE + holes.size][holes[: cut.size - _MIDDLE]] = 0.0
    sounds = {
        "given": inverse(given),
        "made": griffin_lim(magnitude, given, PAPER_ROUNDS),
        "cut": cut,
        "plcd": BlindResUNet(network, "").renew(cut[:, None], 0, cut.size, RATE)[:, 0],
    }
    found: Values = {}
    for name, sound in sounds.items():
        found |= {f"{metric}_{name}": value for metric, value in _heard(case.wave, sound).items()}
    return found


def _repaired(network: SpectrogramNetwork, given: Picture) -> Picture:
    """Patch by patch, as the paper splits them."""
    parts = [
        network.repair(given[:, start : start + FRAMES] / FULL_SCALE) * FULL_SCALE
        for start in range(0, given.shape[1], FRAMES)
    ]
    return np.concatenate(parts, axis=1)


def _heard(truth: Wave, made: Wave) -> Values:
    """The first and last frames are under one window only: they count for neither."""
    inner = slice(RATE // 50, -RATE // 50)
    pair = at_48_khz(Pair(RATE, truth[inner, None], made[inner, None]))
    return {"odg": float(peaq_basic(pair.reference, pair.output).odg), "zimtohrli": zimtohrli_mos(pair)}
