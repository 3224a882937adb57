"""The Tilt loss (Daniotti et al. 2024, eq. 1 and 2, Algorithm 1): mel errors weigh more where the music itself has less."""

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from plcd.training.losses.mel import mel_filters
from plcd.training.losses.sounds import Sound

BANDS: Final = 128
_EPSILON: Final = 1e-7
_OFFSET_DB: Final = 80.0
_ORDER: Final = 5
_PADDING: Final = 50
_SIZE: Final = 1024
_HOP: Final = 256
"""Of the spectrograms that are compared; the paper gives none."""

CUTOFFS: Final = {"bands": 50 / 64, "smooth": 50 / 500}
"""Readings of "the cut-off frequency 50", as fractions of the Nyquist frequency that ``scipy.signal.butter`` wants.

``bands``: 50 where the 128 bands are the sampling rate, so 64 is Nyquist. It hardly smooths. ``smooth``: 50 where 1000 is the
sampling rate: its step response takes about as long as the 50 bands of padding that the paper needs, and its curve looks
like the paper's Fig. 1b.
"""


class TiltLoss(nn.Module):
    """Eq. 1. ``rate`` in Hz; ``cutoff`` one of :data:`CUTOFFS`."""

    def __init__(self, rate: int, cutoff: str = "bands") -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("filters", mel_filters(rate, _SIZE, BANDS), persistent=False)
        self.register_buffer("window", torch.hann_window(_SIZE), persistent=False)
        self.register_buffer("smoothing", _lowpass(CUTOFFS[cutoff]), persistent=False)
        self._wide: dict[int, Tensor] = {}

    def forward(self, made: Sound, truth: Sound) -> Tensor:
        ours, real = (self._mel(sound.joined(_SIZE)) for sound in (made, truth))
        return torch.mean(self.mask(truth)[:, :, None] * torch.abs(ours - real))

    @torch.no_grad()
    def mask(self, truth: Sound) -> Tensor:
        """Algorithm 1 for the context and the true block: ``(batch, 128)`` in 0..1."""
        signal = truth.joined(truth.past.shape[1])
        size = 1 << (signal.shape[1] - 1).bit_length()
        if size not in self._wide:
            self._wide[size] = mel_filters(self.rate, size, BANDS)
        spectrum = torch.abs(torch.fft.rfft(signal, size))
        mel = spectrum @ self._wide[size].to(spectrum.device).T
        decibels = 20 * torch.log10(mel + _EPSILON) + _OFFSET_DB
        padded = torch.cat((decibels[:, :1].expand(-1, _PADDING), decibels), dim=1)
        mask = 1 - (padded @ self.smoothing.T)[:, _PADDING:]
        low, high = mask.amin(dim=1, keepdim=True), mask.amax(dim=1, keepdim=True)
        return (mask - low) / (high - low + _EPSILON)

    def _mel(self, wave: Tensor) -> Tensor:
        """Mel magnitudes ``(batch, 128, frames)``."""
        spectrum = torch.stft(
            wave, _SIZE, _HOP, window=self.window, center=True, pad_mode="constant", return_complex=True
        )
        return self.filters @ torch.sqrt(spectrum.real**2 + spectrum.imag**2 + _EPSILON**2)


def _lowpass(cutoff: float) -> Tensor:
    """``scipy.signal.lfilter`` of a Butterworth low-pass, as the lower triangular matrix it is for padding and bands."""
    from scipy.signal import butter, lfilter

    length = _PADDING + BANDS
    numerator, denominator = butter(_ORDER, cutoff)
    response = lfilter(numerator, denominator, np.eye(1, length)[0])
    lags = np.arange(length)[:, None] - np.arange(length)[None, :]
    return torch.tensor(np.where(lags >= 0, response[np.maximum(lags, 0)], 0.0), dtype=torch.float32)
