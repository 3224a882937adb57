"""The eleven model output variables: averages over the frames that count, then over channels (§4, §5)."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.scoring.peaq.adaptation import adapt
from plcd.scoring.peaq.averaging import SETTLING, loud_from, mean, root_mean_square, windowed
from plcd.scoring.peaq.bands import MASKING_OFFSET, Flags, Real
from plcd.scoring.peaq.bandwidth import LEAST
from plcd.scoring.peaq.channel import Channel
from plcd.scoring.peaq.detection import average_distorted_block, detect, maximum_filtered_probability
from plcd.scoring.peaq.loudness import noise_loudness, total_loudness
from plcd.scoring.peaq.modulation import difference, modulation, temporal_weight

_DISTURBED: Final = 10**0.15
"""A frame is disturbed where noise exceeds the mask by 1.5 dB in any band (§4.6)."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The model output variables of the basic version, in the network's order (§6.2)."""

    bandwidth_ref: float
    """Lines of 23.4 Hz."""
    bandwidth_test: float
    """Lines of 23.4 Hz."""
    total_nmr: float
    """dB."""
    win_mod_diff1: float
    adb: float
    ehs: float
    avg_mod_diff1: float
    avg_mod_diff2: float
    rms_noise_loud: float
    mfpd: float
    rel_dist_frames: float


def variables(channels: list[Channel], frames: slice) -> Variables:
    """Of all ``channels`` over ``frames``, those that hold data."""
    energetic = np.any([channel.energetic for channel in channels], axis=0)[frames]
    of_each = [_of_channel(channel, frames, energetic) for channel in channels]
    probability, steps = detect(
        [channel.reference.excitation[frames] for channel in channels],
        [channel.test.excitation[frames] for channel in channels],
    )
    binaural = {
        "adb": average_distorted_block(probability, steps),
        "mfpd": maximum_filtered_probability(probability),
    }
    return Variables(
        **binaural, **{name: float(np.mean([each[name] for each in of_each])) for name in of_each[0]}
    )


def _of_channel(channel: Channel, frames: slice, energetic: Flags) -> dict[str, float]:
    """The nine variables that each channel has for itself."""
    wide = channel.bandwidths[frames]
    wide = wide[wide[:, 0] > LEAST]
    to_mask = (channel.noise * MASKING_OFFSET / channel.reference.excitation)[frames]
    disturbed = (np.max(to_mask, axis=1) > _DISTURBED).astype(np.float64)
    settled = slice(frames.start + SETTLING, frames.stop)
    moved, moved2, weight, noise = _delayed(channel, settled)
    return {
        "bandwidth_ref": mean(wide[:, 0]),
        "bandwidth_test": mean(wide[:, 1]),
        "total_nmr": 10 * float(np.log10(np.mean(to_mask))),
        "win_mod_diff1": windowed(moved),
        "ehs": 1000 * mean(channel.harmonics[frames][energetic]),
        "avg_mod_diff1": mean(moved, weight),
        "avg_mod_diff2": mean(moved2, weight),
        "rms_noise_loud": root_mean_square(noise),
        "rel_dist_frames": mean(disturbed),
    }


def _delayed(channel: Channel, settled: slice) -> tuple[Real, Real, Real, Real]:
    """Modulation differences of both kinds and their weight in the ``settled`` frames, and the noise loudness that counts."""
    reference, test = channel.reference, channel.test
    modulated, modulated_test = modulation(reference.unsmeared), modulation(test.unsmeared)
    loud = loud_from(total_loudness(reference.excitation), total_loudness(test.excitation))
    noise = noise_loudness(*adapt(reference.excitation, test.excitation), modulated, modulated_test)
    return (
        difference(modulated, modulated_test, offset=1.0, less=1.0)[settled],
        difference(modulated, modulated_test, offset=0.01, less=0.1)[settled],
        temporal_weight(modulated)[settled],
        noise[max(settled.start, loud) : settled.stop],
    )
