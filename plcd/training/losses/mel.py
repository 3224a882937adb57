"""Triangular mel filters, as a matrix."""

import torch
from torch import Tensor


def mel_filters(rate: int, size: int, bands: int) -> Tensor:
    """``(bands, size / 2 + 1)``: triangles with peak 1, evenly spaced from 0 to half of ``rate`` on the scale of O'Shaughnessy,
    2595 log10(1 + f / 700). In the lows a triangle may be narrower than a bin: it then takes the nearest bin.
    """
    top = 2595 * torch.log10(torch.tensor(1 + rate / 2 / 700))
    corners = 700 * (10 ** (torch.linspace(0, float(top), bands + 2) / 2595) - 1)
    bins = torch.arange(size // 2 + 1)[None, :] * (rate / size)
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    triangles = torch.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)).clamp_min(0)
    empty = triangles.sum(dim=1) == 0
    nearest = torch.round(centre[:, 0] * size / rate).long()
    triangles[empty, nearest[empty]] = 1.0
    return triangles
