"""The networks as graphs of layers, batch norms folded into the convolutions before them."""

from typing import Final

import numpy as np
import torch
from torch import nn

from plcd.training.export.layers import Activation, Array, Conv, Halve, Node, Pointwise, Source, Stretch, Up
from plcd.training.networks.bin2bin import Generator
from plcd.training.networks.parcnet import DilatedResidualBlock, GatedBlock, Parcnet

AGAIN: Final = ("input", "encoder0")
"""Levels of the U-Net whose few frames that both stages need are computed twice: cheaper than joining two tensors."""


def generator_graph(network: Generator, bins: int = 256, frames: int = 256) -> Node:
    """The U-Net's last node; its source is ``magnitude``, ``(1, 1, bins, frames)``."""
    source = Node("input", Source(bins, frames), again="input" in AGAIN)
    x = source
    skips: list[Node] = []
    for place, block in enumerate((network.first, *network.encoder)):
        x = _convolve(f"encoder{place}", x, list(block), again=f"encoder{place}" in AGAIN)
        skips.append(x)
    x = _convolve("bottleneck", x, list(network.bottleneck))
    if network.separable:
        x = Node("joined_deep", Pointwise("Concat"), (x, skips.pop()))
    for place, block in enumerate(network.decoder):
        x = _convolve(f"decoder{place}", x, list(block))
        x = Node(f"joined{place}", Pointwise("Concat"), (x, skips.pop()))
    x = _convolve("last", x, [network.last])
    if not network.residual:
        return Node("squashed", Pointwise("Sigmoid"), (x,))
    return Node("rectified", Pointwise("Relu"), (Node("sum", Pointwise("Add"), (source, x)),))


def parcnet_graph(network: Parcnet, context: int) -> Node:
    """PARCnet's last node; its source is the context and the zeros after it, ``(1, 1, 1, samples)``."""
    x = Node("input", Source(1, context + network.horizon))
    for place, block in enumerate(network.encoder):
        assert isinstance(block, DilatedResidualBlock)
        x = Node(f"halved{place}", Halve(), (_residual_block(f"encoder{place}", x, block),))
    for place, block in enumerate(network.gates):
        assert isinstance(block, GatedBlock)
        x = _gated_block(f"gate{place}", x, block)
    for place, block in enumerate(network.decoder):
        assert isinstance(block, DilatedResidualBlock)
        x = _residual_block(f"decoder{place}", Node(f"stretched{place}", Stretch(), (x,)), block)
    return Node("squashed", Pointwise("Tanh"), (_convolve("last", x, [network.last]),))


def _residual_block(name: str, x: Node, block: DilatedResidualBlock) -> Node:
    layers = list(block.branch)
    y = _convolve(f"{name}_near", x, layers[:3])
    y = _convolve(f"{name}_far", y, layers[3:])
    return Node(name, Pointwise("Add"), (_convolve(f"{name}_skip", x, [block.skip]), y))


def _gated_block(name: str, x: Node, block: GatedBlock) -> Node:
    squeezed = _convolve(f"{name}_squeeze", x, list(block.squeeze))
    arms = []
    for side, arm in (("left", block.left), ("right", block.right)):
        rectifier, padding, *layers = arm
        assert isinstance(rectifier, nn.PReLU)
        assert isinstance(padding, nn.ConstantPad1d)
        y = Node(f"{name}_{side}_in", _prelu(rectifier), (squeezed,))
        arms.append(_convolve(f"{name}_{side}", y, layers, before=int(padding.padding[0])))
    opened = Node(f"{name}_open", Pointwise("Sigmoid"), (arms[1],))
    gated = Node(f"{name}_gated", Pointwise("Mul"), (arms[0], opened))
    total = Node(f"{name}_sum", Pointwise("Add"), (x, _convolve(f"{name}_widen", gated, list(block.widen))))
    return Node(name, _prelu(block.activation), (total,))


def _prelu(module: nn.PReLU) -> Pointwise:
    return Pointwise("LeakyRelu", float(module.weight.detach()[0]))  # one slope for all channels


def _array(tensor: torch.Tensor) -> Array:
    return tensor.detach().cpu().numpy().astype(np.float32)


def _fold(module: nn.Module, norm: nn.BatchNorm1d | nn.BatchNorm2d | None) -> tuple[Array, Array]:
    """Weight and bias with the batch norm that follows in them, computed in float64."""
    assert isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d)
    weight = module.weight.detach().double()
    transposed = isinstance(module, nn.ConvTranspose2d) and module.groups == 1
    outputs = module.out_channels
    bias = torch.zeros(outputs, dtype=torch.float64) if module.bias is None else module.bias.detach().double()
    if norm is not None:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        gain = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
        bias = (bias - norm.running_mean.double()) * gain + norm.bias.detach().double()
        shape = [1] * weight.ndim
        shape[1 if transposed else 0] = outputs
        weight = weight * gain.reshape(shape)
    return _array(weight), _array(bias)


def _activation(modules: list[nn.Module]) -> Activation | None:
    for module in modules:
        if isinstance(module, nn.LeakyReLU):
            return Activation("LeakyRelu", float(module.negative_slope))
        if isinstance(module, nn.ReLU):
            return Activation("Relu")
    return None


def _convolve(name: str, x: Node, modules: list[nn.Module], before: int = 0, again: bool = False) -> Node:
    """Convolutions in a row and what follows them. ``before``: zeros on the left that a padding module gave."""
    convolutions = [m for m in modules if isinstance(m, nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d)]
    norms = [m for m in modules if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    for place, module in enumerate(convolutions):
        final = place == len(convolutions) - 1
        weight, bias = _fold(module, norms[0] if norms and final else None)
        activation = _activation(modules) if final else None
        own = name if final else f"{name}_depthwise"
        if isinstance(module, nn.ConvTranspose2d):
            x = Node(own, Up(weight, bias, module.groups, activation), (x,), again)
            continue
        if isinstance(module, nn.Conv1d):
            weight = weight[:, :, None, :]
            dilation = module.dilation[0]
            same = dilation * (module.kernel_size[0] - 1) // 2 if module.padding == "same" else 0
            pad = (0, same + before, 0, same)
        else:
            dilation = 1
            rows = module.padding[0]
            assert isinstance(rows, int)
            pad = (rows, rows, rows, rows)
        layer = Conv(weight, bias, module.stride[0], dilation, pad, module.groups, activation)
        x = Node(own, layer, (x,), again)
    return x
