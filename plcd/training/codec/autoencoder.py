"""The autoencoder on which the codec loss was tried (Ananthabhotla et al. 2019, section 5 and Table 2).

Not a codec, but a light task whose result can be compared: half as many numbers as the input has must be enough to make it
again. The figures are the paper's; what it leaves open is read as follows. Channels grow by 12 a layer, and the last layer has
as many as make half: 128 at a 256th of the rate. A transposed convolution "of stride 1" stands behind the zeros that undo a
decimation; both together are one of stride 2.
"""

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

BOTTLENECK: Final = 0.5
"""Numbers in the bottleneck over those in the input (section 5)."""


class Autoencoder(nn.Module):
    """Samples ``(batch, n)`` into ``(batch, 128, n / 256)`` and back, n a multiple of 256.

    Eight convolutions of 9, each decimated by 2, and as many transposed ones, ReLU, tanh at the end. The paper does not say how
    weights begin. Here they look linear (Balduzzi et al. 2017, "The shattered gradients problem", section 4): channels are
    pairs of opposite sign, each layer a random orthogonal map of them, the way up the transpose of the way down. Begun as
    usual (Glorot, He, PyTorch's own), sixteen such layers made silence and still did after 2000 steps.
    """

    def __init__(
        self, filters: int = 12, layers: int = 8, kernel: int = 9, bottleneck: float = BOTTLENECK
    ) -> None:
        """Raises ValueError where the figures make no network."""
        super().__init__()
        if filters < 1 or layers < 1 or kernel < 3 or kernel % 2 == 0 or not 0 < bottleneck <= 1:
            raise ValueError(
                f"filters {filters} and layers {layers} must be positive, kernel {kernel} odd and at least 3, "
                f"bottleneck {bottleneck:g} in 0..1"
            )
        self.whole = 2**layers
        """What lengths are a multiple of."""
        widths = [1, *(filters * (layer + 1) for layer in range(layers - 1))]
        widths.append(max(2, round(bottleneck * self.whole)))
        if any(width % 2 for width in widths[1:]):
            raise ValueError(f"channels come in pairs: {', '.join(map(str, widths[1:]))} are not all even")
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(nn.Conv1d(wide, deep, kernel, 2, kernel // 2) for wide, deep in pairs)
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(deep, wide, kernel, 2, kernel // 2, 1) for wide, deep in reversed(pairs)
        )
        for down, up in zip(self.down, reversed(self.up), strict=True):
            weight = _looks_linear(*down.weight.shape)
            for block in (down, up):
                block.weight.data.copy_(weight)
                nn.init.zeros_(block.bias)

    def encode(self, wave: Tensor) -> Tensor:
        """What the bottleneck holds."""
        hidden = wave[:, None]
        for block in self.down:
            hidden = torch.relu(block(hidden))
        return hidden

    def forward(self, wave: Tensor) -> Tensor:
        """``wave``, made again from the bottleneck. Raises ValueError for a length that is no multiple of 256."""
        if wave.shape[1] % self.whole:
            raise ValueError(f"{wave.shape[1]} samples are no multiple of {self.whole}")
        hidden = self.encode(wave)
        for block in self.up[:-1]:
            hidden = torch.relu(block(hidden))
        return torch.tanh(self.up[-1](hidden))[:, 0]


def _looks_linear(after: int, before: int, kernel: int) -> Tensor:
    """Weights ``(after, before, kernel)`` of a convolution of stride 2: a random orthogonal map of two neighbours.

    The second half of ``after`` (and of ``before``, unless that is the wave) stands for minus the first.
    """
    sources = max(1, before // 2)
    linear = nn.init.orthogonal_(torch.empty(after // 2, 2 * sources)).reshape(after // 2, sources, 2)
    both = torch.cat((linear, -linear))
    weight = torch.zeros(after, before, kernel)
    middle = kernel // 2
    weight[:, :sources, middle : middle + 2] = both
    if before > 1:
        weight[:, sources:, middle : middle + 2] = -both
    return weight
