"""Networks that refine the magnitudes of a spectrogram whose phases the prediction gives (kind ``magnitude``; bin2bin).

Known samples and prediction are one frame of sound. The network is shown the root of its magnitudes and returns those of
the last frames; with the phases of the frame they are transformed back (Aironi et al. 2024, §II).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from plcd.core.refiner import Block, Signal
from plcd.neural.contract import Contract, Stft
from plcd.neural.errors import ModelError
from plcd.neural.network import Network
from plcd.neural.onnx_file import OnnxFile
from plcd.neural.session import Array
from plcd.neural.stages import Stages, expect_shape, shape_of

Spectrum = NDArray[np.complex64]
"""Shape (frames, bins)."""
_LEAST = 1e-20
"""Magnitudes below have no phase that could be kept."""


@dataclass(frozen=True, slots=True)
class Known:
    """Worked out from known samples."""

    spectrum: Spectrum
    """Of the frames that touch no predicted sample."""
    roots: Array
    """Of its magnitudes, ``(bins, frames)``."""
    scale: np.float32
    feeds: dict[str, Array]
    """Of the second stage."""


class Magnitude(Network[Known]):
    """See :mod:`plcd.neural.magnitude`."""

    kind: ClassVar[str] = "magnitude"

    def __init__(self, contract: Contract, content: bytes, file: OnnxFile, threads: int = 1) -> None:
        super().__init__(contract, content, file, threads)
        if contract.stft is None:
            raise ModelError("its metadata lacks 'stft'")
        if contract.scale.kind == "none":
            raise ModelError("metadata 'scale' must be fixed or rms for the kind 'magnitude'")
        self._stft = stft = contract.stft
        self._pad = stft.size // 2
        if contract.context < stft.size:
            raise ModelError("metadata 'context' must be at least the 'size' of 'stft'")
        self._window = _hann(stft.size)
        self._frames = stft.frames(contract.context + contract.horizon)
        self._first = _touching(contract.context, stft)
        """The first frame with a predicted sample in it."""
        frames, bins = self._frames, stft.bins
        if contract.stages == 2:
            self._ahead = contract.frames("known", self._first)
            self._recent = contract.frames("recent", frames)
            kept = contract.frames("refined", frames)
            expect_shape(file, "known", (1, 1, bins, len(self._ahead)))
            expect_shape(file, "recent", (1, 1, bins, len(self._recent)))
            inputs = {"known", "recent"}
        else:
            self._ahead, self._recent = range(0), range(frames)
            kept = range(frames - min(frames, shape_of(file, "refined")[-1]), frames)
            expect_shape(file, "magnitude", (1, 1, bins, frames))
            inputs = {"magnitude"}
        expect_shape(file, "refined", (1, 1, bins, len(kept)))
        if kept.start > self._first or kept.stop < frames:
            raise ModelError(
                f"'refined' has the frames {kept.start} to {kept.stop}: all from {self._first} to {frames}, "
                "which touch predicted samples, are needed"
            )
        self._skipped = self._first - kept.start
        self.stages = Stages(content, file, contract.stages, inputs, "refined", threads)
        self._envelope = self._overlapped(
            np.broadcast_to(np.square(self._window), (self._frames - self._first, stft.size))
        )

    def _know(self, past: Signal) -> Known:
        contract = self.contract
        scale = contract.scale.of(past, 0.5)
        spectrum = self._transform(np.concatenate((past[self._pad : 0 : -1], past)), self._first)
        roots = _roots(spectrum)
        feeds = {}
        if contract.stages == 2:
            feeds = self.stages.first({"known": _map(roots[:, self._ahead.start : self._ahead.stop] / scale)})
        return Known(spectrum, roots, scale, feeds)

    def _refined(self, block: Block, shown: Signal, known: Known) -> Signal:
        start = self._first * self._stft.hop - self._pad
        whole = np.concatenate((block.past[start:], shown, shown[-2 : -2 - self._pad : -1]))
        spectrum = self._transform(whole, self._frames - self._first)
        new, scale = _roots(spectrum), known.scale
        roots = np.concatenate((known.roots, new), axis=1)[:, self._recent.start : self._recent.stop]
        name = "recent" if self.contract.stages == 2 else "magnitude"
        result = self.stages.second({**known.feeds, name: _map(roots / scale)})[0, 0, :, self._skipped :]
        magnitudes, own = np.square(result * scale), np.square(new)
        turned = spectrum * np.divide(magnitudes, own, out=np.zeros_like(own), where=own > _LEAST).T
        frames = np.fft.irfft(turned, self._stft.size, axis=1)
        return self._overlapped(frames * self._window) / self._envelope

    def _transform(self, samples: Signal, count: int) -> Spectrum:
        """The first ``count`` frames of ``samples``."""
        windows = np.lib.stride_tricks.sliding_window_view(samples, self._stft.size)[:: self._stft.hop]
        return np.fft.rfft(windows[:count] * self._window, axis=1).astype(np.complex64, copy=False)

    def _overlapped(self, frames: NDArray[np.floating]) -> Signal:
        """``frames`` ``(n, size)``, the last of all, added up where the ``made`` samples are."""
        stft = self._stft
        pieces = -(-stft.size // stft.hop)
        padded = np.zeros((frames.shape[0], pieces * stft.hop), dtype=np.float32)
        padded[:, : stft.size] = frames
        rows = np.zeros((frames.shape[0] + pieces - 1, stft.hop), dtype=np.float32)
        for piece in range(pieces):
            rows[piece : piece + frames.shape[0]] += padded[:, piece * stft.hop : (piece + 1) * stft.hop]
        begin = self._pad + self.contract.context - self._first * stft.hop
        out: Signal = rows.reshape(-1)[begin : begin + self.contract.made]
        return out


def _touching(sample: int, stft: Stft) -> int:
    """The first frame that holds ``sample``: frame i holds those from i * hop - size // 2 on."""
    return max(0, (sample + stft.size // 2 - stft.size) // stft.hop + 1)


def _hann(size: int) -> Signal:
    """The periodic window."""
    window: Signal = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)
    return window


def _roots(spectrum: Spectrum) -> Array:
    """Of the magnitudes, ``(bins, frames)``."""
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    roots: Array = np.sqrt(np.sqrt(power)).T
    return roots


def _map(roots: Array) -> Array:
    """With the axes that the network has."""
    whole: Array = np.ascontiguousarray(roots[None, None])
    return whole
