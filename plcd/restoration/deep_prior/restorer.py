"""The method ``deep-prior``: a :class:`plcd.restoration.restorer.Restorer` that fits a network to each window.

Gaps are filled as ``interpolate`` does first; from 16 kHz up the network works at 16 kHz, as the paper does, and what
stands above 8 kHz stays that filling's. A step costs a third of what it does at 44.1 kHz.
"""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch

from plcd.neural.patches import RATE
from plcd.restoration.bands import Band, at_16_khz, changed_below
from plcd.restoration.deep_prior import checkpoints
from plcd.restoration.deep_prior.fitting import Fit, Settings, Step
from plcd.restoration.deep_prior.hidden import interpolated
from plcd.restoration.deep_prior.spectrogram import Real
from plcd.restoration.errors import RestorationError
from plcd.restoration.restorer import Audio, Mask, Progress, Reach, Window, runs_of

STEPS: Final = 100
"""The paper takes 5000 out of noise alone, on a graphics card; what more brings is in docs/restoration.md."""
PATIENCE: Final = 50
"""A fit ends when for so many steps the frames held out were not met better."""
CONTEXT_S: Final = 1.0
TOGETHER_S: Final = 1.2
"""Windows are about 3 s at most, as the paper's clips are 5 s."""
LONGEST_S: Final = 0.4
_STORED_EVERY_S: Final = 60.0

OnStep = Callable[[Step], None]


def fit(
    audio: Real,
    missing: Mask,
    rate: int,
    steps: int = STEPS,
    settings: Settings | None = None,
    on_step: OnStep = lambda _: None,
    device: str = "cpu",
    checkpoint: Path | None = None,
    patience: int = PATIENCE,
) -> Real:
    """``audio`` ``(n,)`` with its ``missing`` samples ``(n,)`` filled in and the others as they are.

    What stands where samples are missing is not read. With ``checkpoint`` the fit is kept in that file once a minute and when it
    is interrupted (the exception goes on), and goes on from there when called again alike; the file is removed in the end. Raises
    RuntimeError as torch does, OSError where the file cannot be written.
    """
    work = Fit(audio, missing, rate, settings or Settings(), device)
    if work.silent:
        return work.samples(work.target)
    if checkpoint is not None and (state := checkpoints.load(checkpoint)) is not None:
        try:
            work.restore(state)
        except (KeyError, ValueError, RuntimeError, TypeError):  # of another fit: begin anew
            work = Fit(audio, missing, rate, settings or Settings(), device)
    stored = time.monotonic()
    try:
        while work.done < steps and not (math.isfinite(work.best) and work.done - work.best_at >= patience):
            on_step(work.step())
            if checkpoint is not None and time.monotonic() - stored > _STORED_EVERY_S:
                checkpoints.save(work.state(), checkpoint)
                stored = time.monotonic()
    except BaseException:
        if checkpoint is not None and work.whole:
            checkpoints.save(work.state(), checkpoint)
        raise
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return work.samples(work.mean())


@dataclass(frozen=True)
class DeepPrior:
    """Each channel of a window has a fit of its own; equal channels share one."""

    steps: int = STEPS
    settings: Settings = field(default_factory=Settings)
    device: str = "cpu"
    folder: Path | None = None
    """Where unfinished fits are kept, each under the hash of all it depends on."""

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise RestorationError(f"a fit needs one step or more, not {self.steps}")
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise RestorationError(
                "PyTorch sees no graphics card: leave out --device cuda, or install its CUDA build"
            )

    @property
    def identity(self) -> str:
        return f"deep-prior 2 steps={self.steps} patience={PATIENCE} {self.settings}"

    def reach(self, rate: int) -> Reach:
        context = round(CONTEXT_S * rate)
        return Reach(context, context, round(LONGEST_S * rate), round(TOGETHER_S * rate))

    def restore(self, window: Window, progress: Progress) -> Audio:
        """See :meth:`plcd.restoration.restorer.Restorer.restore`."""
        channels = window.audio.shape[1]
        out = np.zeros((int(window.missing.sum()), channels))
        for channel in range(channels):
            clip = np.ascontiguousarray(window.audio[:, channel], dtype=np.float64)
            known = clip[~window.missing]
            same = [c for c in range(channel) if np.array_equal(window.audio[~window.missing, c], known)]
            if same:
                out[:, channel] = out[:, same[0]]
                continue

            def on_step(step: Step, channel: int = channel) -> None:
                progress((channel + step.number / self.steps) / channels)

            out[:, channel] = self._channel(clip, window, on_step)[window.missing]
            progress((channel + 1) / channels)
        return out

    def _channel(self, clip: Real, window: Window, on_step: OnStep) -> Real:
        """``clip`` ``(n,)``, a channel of ``window``, with its gaps filled."""
        missing, rate = window.missing, window.rate
        if rate < RATE:
            return self._fitted(clip, missing, rate, on_step)
        filled = interpolated(np.where(missing, 0.0, clip), missing, rate)
        band = Band(clip.size, rate)
        lost = at_16_khz(missing, rate, band.size)
        changed_below(filled, runs_of(missing), band, lambda low: self._fitted(low, lost, RATE, on_step))
        return filled

    def _fitted(self, clip: Real, missing: Mask, rate: int, on_step: OnStep) -> Real:
        try:
            kept = self._checkpoint(clip, missing, rate)
            return fit(clip, missing, rate, self.steps, self.settings, on_step, self.device, kept)
        except RuntimeError as error:
            raise RestorationError(f"deep-prior: {' '.join(str(error).split())[:200]}") from None
        except OSError as error:
            raise RestorationError(f"deep-prior: its work cannot be kept: {error}") from None

    def _checkpoint(self, clip: Real, missing: Mask, rate: int) -> Path | None:
        if self.folder is None:
            return None
        told = hashlib.sha256(f"{self.identity} {rate}".encode())
        told.update(np.where(missing, 0.0, clip).tobytes())
        told.update(missing.tobytes())
        return self.folder / f"deep-prior-{told.hexdigest()[:20]}.ckpt"


def halves(device: str) -> bool:
    """Whether convolutions in half precision are the faster ones on ``device``."""
    if device != "cpu":
        return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())
