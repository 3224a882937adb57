"""Metrics of short-time spectra, of all channels together."""

from functools import cache
from typing import Final

import numpy as np

from plcd.scoring.pair import Pair, Real

_SIZES: Final = (512, 1024, 2048)
"""Windows of the multi-resolution distance, in samples; hops are a quarter (Yamamoto et al. 2020, "Parallel WaveGAN")."""
_FLOOR: Final = 1e-4
"""Magnitudes below this are all the same to the logarithm: about -120 dB full scale with a 512-sample window."""
_MEL_SIZE: Final = 2048
_MEL_BANDS: Final = 128
"""librosa's defaults."""


def multi_resolution_stft(pair: Pair) -> float:
    """Spectral convergence plus mean absolute difference of log magnitudes (nepers), averaged over three windows; 0 is best."""
    total = 0.0
    for size in _SIZES:
        reference, output = _magnitudes(pair.reference, size), _magnitudes(pair.output, size)
        logs = np.log(np.maximum(reference, _FLOOR)) - np.log(np.maximum(output, _FLOOR))
        total += _convergence(reference, output) + float(np.mean(np.abs(logs)))
    return total / len(_SIZES)


def mel_spectral_convergence(pair: Pair) -> float:
    """Norm of the difference over the norm of the reference, of mel spectra (magnitudes); 0 is best, silence has 1."""
    bands = _mel_bands(pair.rate)
    reference, output = (_magnitudes(signal, _MEL_SIZE) @ bands for signal in (pair.reference, pair.output))
    return _convergence(reference, output)


def spectrogram_psnr_db(pair: Pair) -> float:
    """Largest magnitude of the reference's spectrogram over the root mean square difference, in dB; infinite where equal."""
    reference, output = (_magnitudes(signal, 1024) for signal in (pair.reference, pair.output))
    error = float(np.sqrt(np.mean(np.square(reference - output))))
    return 20 * float(np.log10(np.max(reference) / error)) if error else float("inf")


def spectrogram_nrmse(pair: Pair) -> float:
    """Root mean square difference of the spectrograms over the root mean square of the reference's; 0 is best."""
    reference, output = (_magnitudes(signal, 1024) for signal in (pair.reference, pair.output))
    return _convergence(reference, output)


def _convergence(reference: Real, output: Real) -> float:
    return float(np.linalg.norm(reference - output) / np.linalg.norm(reference))


def _magnitudes(signal: Real, size: int) -> Real:
    """Magnitudes of all frames of all channels, ``(frames, size / 2 + 1)``; frames are centred, zeros beyond the ends."""
    padded = np.pad(signal, ((size // 2, size), (0, 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size, axis=0)[:: size // 4]
    frames = frames[: 1 + signal.shape[0] * 4 // size].reshape(-1, size)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return np.asarray(np.abs(np.fft.rfft(frames * window, axis=1)))


@cache
def _mel_bands(rate: int) -> Real:
    """Triangles of equal area on the mel scale of O'Shaughnessy (2595 log10(1 + f / 700)), ``(1025, 128)``."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, _MEL_BANDS + 2) / 2595) - 1)
    lines = np.arange(_MEL_SIZE // 2 + 1)[:, None] * rate / _MEL_SIZE
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    triangles = np.minimum((lines - low) / (centre - low), (high - lines) / (high - centre))
    return np.asarray(np.maximum(triangles, 0) * 2 / (high - low))
