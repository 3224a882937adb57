"""A real MP3 encoder (LAME, inside libsndfile), and its delay measured and removed."""

import io
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from plcd.training.errors import TrainingError

RATE: Final = 16_000
"""Hz, mono, as the codec paper has it (Ananthabhotla et al. 2019, section 4.1)."""
_LEAST_KBPS: Final = 8
_MOST_KBPS: Final = 160
"""Of MPEG-2 layer III, which is what 16 kHz means."""
_MOST_DELAY: Final = 4096
"""Samples: encoder and decoder together have 1105 here; searched a little further."""

Wave = NDArray[np.float32]


def encode(wave: Wave, kbps: int) -> Wave:
    """What is left of ``wave`` (``(n,)`` at 16 kHz) after MP3 at a constant ``kbps``: same length, aligned.

    Raises TrainingError where this libsndfile has no MP3 encoder, or the file is not of that rate.
    """
    buffer = io.BytesIO()
    level = (_MOST_KBPS - kbps) / (_MOST_KBPS - _LEAST_KBPS)  # libsndfile turns it back the same way
    try:
        with soundfile.SoundFile(
            buffer,
            "w",
            RATE,
            1,
            "MPEG_LAYER_III",
            format="MP3",
            compression_level=level,
            bitrate_mode="CONSTANT",
        ) as file:
            file.write(np.pad(wave, (0, _MOST_DELAY)))
    except (soundfile.SoundFileError, ValueError, TypeError) as error:
        raise TrainingError(
            f"no MP3 encoder in libsndfile {soundfile.__libsndfile_version__}: {error}"
        ) from None
    measured = buffer.tell() * 8 / ((wave.size + _MOST_DELAY) / RATE) / 1000
    if not 0.8 * kbps < measured < 1.2 * kbps + 4:
        raise TrainingError(f"libsndfile's MP3 encoder gave {measured:.1f} kbit/s, not {kbps}")
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float32")
    delay = measure_delay(wave, decoded)
    return np.asarray(np.pad(decoded[delay:], (0, wave.size))[: wave.size], np.float32)


def measure_delay(wave: Wave, coded: Wave) -> int:
    """By how many samples ``coded`` lags behind ``wave``: the peak of their correlation, 0 to 4096; 0 for silence."""
    size = 1 << (wave.size + coded.size - 1).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(coded, size) * np.conj(np.fft.rfft(wave, size)), size)
    return int(np.argmax(correlation[: _MOST_DELAY + 1]))
