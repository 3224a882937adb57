"""Samples to complex frames and back, the frames a gap spoils, and the gap's samples led over to what is known."""

from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plcd.restoration.deep_prior.multires import DIVISOR
from plcd.restoration.restorer import Mask, runs_of

Real = NDArray[np.float64]

_SIZE_AT_16_KHZ: Final = 2048
"""What librosa takes when it is not told, and the published code does not tell it; the paper gives no size."""
_SEAM_S: Final = 0.002


@dataclass(frozen=True, slots=True)
class Frames:
    """A clip of ``samples`` as frames of ``size`` (Hann), four to a frame's length; frame i is centred on sample ``i hop``.

    Beyond both ends the clip is mirrored. ``count`` is rounded up to what the networks need: frames centred beyond the
    end hold nothing.
    """

    samples: int
    size: int

    @classmethod
    def at(cls, rate: int, samples: int) -> "Frames":
        """Frames about as long as the paper's at any rate: 128 ms, to the nearest power of two."""
        return cls(samples, 1 << max(6, round(log2(_SIZE_AT_16_KHZ * rate / 16_000))))

    @property
    def hop(self) -> int:
        return self.size // 4

    @property
    def bins(self) -> int:
        """Without the one at half the rate, which is taken for zero."""
        return self.size // 2

    @property
    def used(self) -> int:
        """Frames centred on a sample of the clip."""
        return (self.samples - 1) // self.hop + 1

    @property
    def count(self) -> int:
        return -(-self.used // DIVISOR) * DIVISOR

    @property
    def span(self) -> int:
        """Samples from the first frame's centre to the last one's."""
        return (self.count - 1) * self.hop

    def forward(self, clip: Real) -> Tensor:
        """``(samples,)`` to real and imaginary part, ``(2, bins, count)``, float32."""
        wave = torch.from_numpy(self._extended(clip).astype(np.float32))
        spectrum = torch.stft(
            wave, self.size, self.hop, window=torch.hann_window(self.size), center=False, return_complex=True
        )[:-1]
        spectrum[:, self.used :] = 0
        return torch.stack([spectrum.real, spectrum.imag])

    def inverse(self, parts: Tensor) -> Tensor:
        """``(2, bins, count)`` to ``(span,)``, differentiable; the clip is its beginning."""
        spectrum = torch.complex(parts[0], parts[1])
        spectrum = torch.cat([spectrum, torch.zeros_like(spectrum[:1])])
        window = torch.hann_window(self.size, device=parts.device)
        return torch.istft(spectrum, self.size, self.hop, window=window, center=True)

    def clip(self, parts: Tensor) -> Real:
        """The clip's own samples of :meth:`inverse`."""
        wave = self.inverse(parts).detach().cpu().double().numpy()
        out = np.zeros(self.samples)
        out[: wave.size] = wave[: self.samples]
        return out

    def present(self, missing: Mask) -> NDArray[np.bool_]:
        """The mask of equation 1, ``(count,)``: frames none of whose samples is missing. (A Hann window's first is 0.)"""
        spoilt = self._extended(missing.astype(np.float64)) > 0
        spoilt_before = np.concatenate(([0], np.cumsum(spoilt)))
        starts = np.arange(self.count) * self.hop
        whole = spoilt_before[starts + self.size] == spoilt_before[starts + 1]
        return np.asarray(whole & (np.arange(self.count) < self.used))

    def touched(self, chosen: NDArray[np.bool_]) -> Mask:
        """Samples ``(samples,)`` that lie in a frame of ``chosen`` ``(count,)``."""
        out = np.zeros(self.samples, bool)
        for index in np.flatnonzero(chosen[: self.used]):
            centre = int(index) * self.hop
            out[max(0, centre - self.size // 2) : centre + self.size // 2] = True
        return out

    def _extended(self, clip: Real) -> Real:
        half = self.size // 2
        behind = self.span + half - self.samples
        return np.asarray(np.pad(clip, (half, max(0, behind)), mode="reflect")[: self.span + self.size])


def filled(clip: Real, missing: Mask, estimate: Real, rate: int) -> Real:
    """``clip`` with ``estimate`` in its gaps, known samples as they are.

    By how much the estimate misses the last known sample, so much is added to it at the gap's edge, less and less over 2 ms.
    """
    out = np.where(missing, estimate, clip)
    for start, stop in runs_of(missing):
        length = min(stop - start, max(1, round(_SEAM_S * rate)))
        fade = 0.5 + 0.5 * np.cos(np.pi * (np.arange(length) + 1) / (length + 1))
        if start:
            out[start : start + length] += (clip[start - 1] - estimate[start - 1]) * fade
        if stop < clip.size:
            out[stop - length : stop] += (clip[stop] - estimate[stop]) * fade[::-1]
    return out
