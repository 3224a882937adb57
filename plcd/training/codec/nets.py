"""Networks that imitate a 16 kbit/s MP3 encoder (Ananthabhotla et al. 2019, section 4 and Table 1).

Both give their result and the activations of all their layers, which the codec loss compares. The figures are the
paper's; it does not say how channels grow. Read here: doubling from 32 in the magnitude net, as in the U-Net it follows
(Jansson et al. 2017), and 32 more a layer in the time-domain net (doubling over eight layers would end at 4096).
"""

from typing import Final

import torch
from torch import Tensor, nn

SIZE: Final = 1024
HOP: Final = 512
BINS: Final = 512
FRAMES: Final = 128
MAGNITUDE_PATCH: Final = 66_048
"""Samples: 128 frames and what their last window needs."""
TIME_PATCH: Final = 16_384


def magnitudes(wave: Tensor, window: Tensor) -> Tensor:
    """``(batch, 1, 512, frames)`` of ``(batch, n)``, frames of 1024 every 512, the top bin left out.

    Over half the window's sum, so a full-scale sine has 1.
    """
    spectrum = torch.stft(wave, SIZE, HOP, window=window, center=False, return_complex=True)
    magnitude = torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-12)
    return magnitude[:, None, :BINS] / (window.sum() / 2)


class MagnitudeCodec(nn.Module):
    """U-Net on magnitudes ``(batch, 1, 512, frames)`` in 0..1, frames a multiple of 32.

    Five 5 x 5 convolutions of stride 2, five back up with skip connections, batch norm, dropout of one half in the first
    three on the way up, a sigmoid at the end. ``mask``: the sigmoid multiplies the input, as in the U-Net it follows, or is
    itself the magnitude.
    """

    patch = MAGNITUDE_PATCH

    def __init__(self, filters: int = 32, layers: int = 5, mask: bool = True) -> None:
        super().__init__()
        self.mask = mask
        self.layers = layers
        widths = [filters * 2**layer for layer in range(layers)]
        self.register_buffer("window", torch.hann_window(SIZE), persistent=False)
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, width, 5, 2, 2), nn.BatchNorm2d(width), nn.ReLU())
            for before, width in zip([1, *widths[:-1]], widths, strict=True)
        )
        self.up = nn.ModuleList()
        for layer in range(layers):
            before = widths[-1] if layer == 0 else 2 * widths[layers - 1 - layer]
            last = layer == layers - 1
            after = 1 if last else widths[layers - 2 - layer]
            block: list[nn.Module] = [nn.ConvTranspose2d(before, after, 5, 2, 2, 1)]
            if not last:
                block += [nn.BatchNorm2d(after), nn.ReLU()]
                if layer < 3:
                    block.append(nn.Dropout(0.5))
            self.up.append(nn.Sequential(*block))

    def magnitudes(self, wave: Tensor) -> Tensor:
        """What it is shown of ``wave``."""
        return magnitudes(wave, self.window)

    def forward(self, magnitude: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The coded magnitude, same shape, and the activations of every layer."""
        hidden, activations = magnitude, []
        for block in self.down:
            hidden = block(hidden)
            activations.append(hidden)
        for layer, block in enumerate(self.up):
            hidden = block(hidden)
            if layer < self.layers - 1:
                activations.append(hidden)
                hidden = torch.cat((hidden, activations[self.layers - 2 - layer]), dim=1)
        out = torch.sigmoid(hidden)
        return (out * magnitude if self.mask else out), activations


class TimeCodec(nn.Module):
    """U-Net on samples ``(batch, n)``, n a multiple of 256.

    Eight convolutions of 15, each decimated by 2, eight transposed ones of 9 with stride 2, ReLU, tanh at the end.
    """

    patch = TIME_PATCH

    def __init__(self, filters: int = 32, layers: int = 8) -> None:
        super().__init__()
        self.layers = layers
        widths = [filters * (layer + 1) for layer in range(layers)]
        self.down = nn.ModuleList(
            nn.Conv1d(before, width, 15, 1, 7)
            for before, width in zip([1, *widths[:-1]], widths, strict=True)
        )
        self.up = nn.ModuleList()
        for layer in range(layers):
            before = widths[-1] if layer == 0 else 2 * widths[layers - 1 - layer]
            after = 1 if layer == layers - 1 else widths[layers - 2 - layer]
            self.up.append(nn.ConvTranspose1d(before, after, 9, 2, 4, 1))

    def forward(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The coded wave, same shape, and the activations of every layer."""
        hidden, activations = wave[:, None], []
        for block in self.down:
            hidden = torch.relu(block(hidden))[:, :, ::2]
            activations.append(hidden)
        for layer, block in enumerate(self.up):
            hidden = block(hidden)
            if layer < self.layers - 1:
                hidden = torch.relu(hidden)
                activations.append(hidden)
                hidden = torch.cat((hidden, activations[self.layers - 2 - layer]), dim=1)
        return torch.tanh(hidden)[:, 0], activations
