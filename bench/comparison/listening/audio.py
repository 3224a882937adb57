"""A clip's recordings as FLAC files in memory, all at one gain."""

import io

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from comparison.listening.items import ListeningItem

FULL_SCALE = 32_768
"""Of 16 bits. Rounded to them: recordings in 16 bits at gain 1 stay bit-exact, and 24 bits would nearly double the page."""


def common_gain(recordings: list[NDArray[np.float32]]) -> float:
    """What all must be multiplied with so that none of them clips; 1 where none would."""
    peak = max(float(np.abs(recording).max()) for recording in recordings) * FULL_SCALE
    return min(1.0, (FULL_SCALE - 1) / peak) if peak else 1.0


def flac_files(item: ListeningItem) -> list[bytes]:
    """The reference first, then the outputs by name. Raises ValueError for what FLAC cannot hold."""
    recordings = [item.reference, *(item.outputs[name] for name in sorted(item.outputs))]
    gain = common_gain(recordings)
    return [_encode(recording, gain, item) for recording in recordings]


def _encode(recording: NDArray[np.float32], gain: float, item: ListeningItem) -> bytes:
    file = io.BytesIO()
    samples = np.rint(recording.astype(np.float64) * (gain * FULL_SCALE)).astype(np.int16)
    try:
        sf.write(file, samples, item.rate, format="FLAC", subtype="PCM_16")
    except sf.LibsndfileError as error:
        raise ValueError(f"{item.clip}: cannot be written as FLAC at {item.rate} Hz: {error}") from error
    return file.getvalue()
