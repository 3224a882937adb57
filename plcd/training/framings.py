"""How blocks of audio become what a network sees, and back: docs/models.md in torch."""

import torch
from torch import Tensor, nn

from plcd.neural.contract import QUIETEST
from plcd.training.recipe import Framing


def scales(framing: Framing, past: Tensor, power: float = 1.0) -> Tensor:
    """What a network's input is divided by, ``(batch,)``: as :meth:`plcd.neural.contract.Scale.of`, of ``(batch, context)``."""
    if framing.scale != "rms":
        return past.new_full((past.shape[0],), framing.scale_value)
    rms = torch.clamp(torch.sqrt(torch.mean(past**2, dim=1)), min=QUIETEST)
    return framing.scale_value * rms**power


class Spectra(nn.Module):
    """The ``magnitude`` framing: known and predicted samples as one frame, its centred STFT as root magnitudes."""

    def __init__(self, framing: Framing) -> None:
        super().__init__()
        self.framing = framing
        self.register_buffer("window", torch.hann_window(framing.size), persistent=False)

    @property
    def bins(self) -> int:
        return self.framing.size // 2 + 1

    @property
    def frames(self) -> int:
        return 1 + (self.framing.context + self.framing.horizon) // self.framing.hop

    @property
    def judged(self) -> int:
        """Frames at the end that losses look at."""
        return self.framing.judged or self.frames

    def scale(self, past: Tensor) -> Tensor:
        """What root magnitudes are divided by, ``(batch, 1, 1, 1)``, from the known samples ``(batch, context)``."""
        return scales(self.framing, past, 0.5)[:, None, None, None]

    def analyse(self, frame: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Root magnitudes ``(batch, 1, bins, frames)`` over ``scale``, and the phases as complex numbers of magnitude 1."""
        spectrum = torch.stft(
            frame, self.framing.size, self.framing.hop, window=self.window, center=True, return_complex=True
        )[:, None]
        magnitude = torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-12)
        return torch.sqrt(magnitude) / scale, spectrum / magnitude

    def synthesise(self, root: Tensor, phases: Tensor, scale: Tensor) -> Tensor:
        """The last ``horizon`` samples, ``(batch, horizon)``."""
        spectrum = ((root * scale) ** 2 * phases)[:, 0]
        length = self.framing.context + self.framing.horizon
        wave = torch.istft(
            spectrum, self.framing.size, self.framing.hop, window=self.window, center=True, length=length
        )
        return wave[:, -self.framing.horizon :]


def faded(residual: Tensor, fade: int, start: Tensor) -> Tensor:
    """``residual`` ``(batch, n)`` under a Hann fade-in of ``fade`` samples, where a block begins its hole (``start`` is 0)."""
    place = torch.arange(1, fade + 1, device=residual.device) / (fade + 1)
    ramp = torch.sin(place * torch.pi / 2) ** 2
    weight = torch.cat((ramp, residual.new_ones(residual.shape[1] - fade)))
    return torch.where(start[:, None] == 0, residual * weight, residual)
