"""Which frames or samples of each network are known before a loss, and which are asked for."""

from dataclasses import dataclass
from typing import Any

import onnx
import torch
from torch import nn

from plcd.training.errors import TrainingError
from plcd.training.export.branches import combine
from plcd.training.export.graphs import generator_graph, parcnet_graph
from plcd.training.export.plan import Plan, make_plan
from plcd.training.export.span import Span
from plcd.training.export.staged import Forms, write
from plcd.training.networks.bin2bin import Generator
from plcd.training.networks.parcnet import Parcnet


@dataclass(frozen=True, slots=True)
class Frames:
    """The centred STFT of a block: frame t rests on the samples ``t hop - size // 2`` to so many on, ``size`` of them."""

    context: int
    horizon: int
    size: int
    hop: int

    @property
    def count(self) -> int:
        """Of all frames."""
        return 1 + (self.context + self.horizon + 2 * (self.size // 2) - self.size) // self.hop

    @property
    def known(self) -> int:
        """Frames that touch no predicted sample; all others do, and only those."""
        after = self.size - 1 - self.size // 2
        return max(0, (self.context - 1 - after) // self.hop + 1)

    @classmethod
    def of(cls, contract: dict[str, Any]) -> "Frames":
        """As the contract says. Raises TrainingError where it does not."""
        try:
            stft = contract["stft"]
            return cls(
                *(
                    int(value)
                    for value in (contract["context"], contract["horizon"], stft["size"], stft["hop"])
                )
            )
        except (KeyError, TypeError) as error:
            raise TrainingError(f"the contract of a magnitude network lacks {error}") from None


def magnitude_plan(network: Generator, frames: Frames) -> Plan:
    """The last frames, those with predicted samples in them, are asked for."""
    graph = generator_graph(network, frames.size // 2 + 1, frames.count)
    return make_plan(graph, Span(frames.known, frames.count), frames.known)


def waveform_plan(network: Parcnet, context: int) -> Plan:
    """The samples after the context are asked for."""
    width = context + network.horizon
    return make_plan(parcnet_graph(network, context), Span(context, width), context)


def staged(
    network: nn.Module, contract: dict[str, Any], forms: Forms | None = None
) -> tuple[onnx.ModelProto, dict[str, Any]]:
    """The fast two-stage form of ``network``, a Generator or a Parcnet in evaluation mode, and what it adds to the contract."""
    with torch.no_grad():
        if isinstance(network, Generator):
            plan = magnitude_plan(network, Frames.of(contract))
            share, result = plan.shares[plan.order[0]], plan.shares[plan.order[-1]].rest
            ranges = {"known": share.known, "recent": share.rest, "refined": result}
            model = combine(*write(plan, "known", "recent", "refined", forms))
            return model, {"frames": {name: [span.start, span.stop] for name, span in ranges.items()}}
        assert isinstance(network, Parcnet)
        context = int(contract["context"])
        plan = waveform_plan(network, context)
        if plan.shares[plan.order[0]].known != Span(0, context):
            raise TrainingError(f"a context of {context} samples is more than the network looks at")
        return combine(*write(plan, "context", None, "residual", forms)), {}
