"""A planned graph as two ONNX models, one for each stage."""

import numpy as np
import onnx

from plcd.training.export.emit import emit
from plcd.training.export.layers import Node, Source, channel_counts
from plcd.training.export.plan import Plan
from plcd.training.export.span import Span
from plcd.training.export.writer import Writer

Forms = dict[str, str]
"""How transposed convolutions are written, by the node's name; see :mod:`plcd.training.export.emit`."""


class _Stage:
    """The tensors of one stage by node and range; cuts and joins them as asked."""

    def __init__(self, forms: Forms) -> None:
        self.writer = Writer()
        self._forms = forms
        self._have: dict[Node, list[tuple[Span, str]]] = {}
        self._cuts: dict[tuple[str, ...], str] = {}

    def put(self, node: Node, span: Span, name: str) -> None:
        """Pieces of one node are put in order and do not overlap."""
        self._have.setdefault(node, []).append((span, name))

    def take(self, node: Node, span: Span) -> str:
        """A tensor of exactly ``span``."""
        parts = []
        for have, name in self._have[node]:
            part = Span(max(have.start, span.start), min(have.stop, span.stop))
            if len(part):
                parts.append(name if part == have else self._cut(name, part.start - have.start, len(part)))
        if len(parts) == 1:
            return parts[0]
        key = tuple(parts)
        if key not in self._cuts:
            self._cuts[key] = self.writer.add("Concat", parts, f"{node.name}_joined{len(self._cuts)}", axis=3)
        return self._cuts[key]

    def _cut(self, name: str, start: int, length: int) -> str:
        key = (name, str(start), str(length))
        if key not in self._cuts:
            bounds = [np.array([value], np.int64) for value in (start, start + length, 3)]
            inputs = [name, *(self.writer.constant(bound, f"at_{bound[0]}") for bound in bounds)]
            self._cuts[key] = self.writer.add("Slice", inputs, f"{name}_{start}_{length}")
        return self._cuts[key]

    def compute(self, node: Node, span: Span) -> None:
        """Write ``node``'s layer for ``span``; its inputs are there."""
        width = node.inputs[0].width
        given = node.layer.reach.needs(span, width)
        tensors = [self.take(other, given) for other in node.inputs]
        form = self._forms.get(node.name, "subpixel")
        self.put(node, span, emit(self.writer, node.layer, tensors, given, width, span, node.name, form))


def write(
    plan: Plan, known: str, recent: str | None, result: str, forms: Forms | None = None
) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The first stage, ``known`` to ``state_0``..., and the second, ``recent`` and ``state_0_in``... to ``result``.

    Where ``recent`` is None, zeros follow what is known.
    """
    channels = channel_counts(plan.order)
    first, second = _Stage(forms or {}), _Stage(forms or {})
    states = 0
    for node in plan.order:
        share = plan.shares[node]
        for stage, span, name in ((first, share.known, known), (second, share.rest, recent)):
            if stage is second and len(share.state):
                shape = (1, channels[node], node.height, len(share.state))
                state = first.take(node, share.state)
                first.writer.output(first.writer.add("Identity", [state], f"state_{states}"), shape)
                second.put(node, share.state, second.writer.input(f"state_{states}_in", shape))
                states += 1
            if not len(span):
                continue
            if isinstance(node.layer, Source):
                stage.put(node, span, _source(stage.writer, node, name, span))
            else:
                stage.compute(node, span)
    last = plan.order[-1]
    wanted = plan.shares[last].rest
    made = second.take(last, wanted)
    if last.height == 1:
        second.writer.add("Squeeze", [made, second.writer.constant(np.array([2]), "rows")], result)
    else:
        second.writer.add("Identity", [made], result)
    rows = () if last.height == 1 else (last.height,)
    second.writer.output(result, (1, channels[last], *rows, len(wanted)))
    return first.writer.model("first"), second.writer.model("second")


def _source(writer: Writer, node: Node, name: str | None, span: Span) -> str:
    """Networks on samples have no rows outside, one inside."""
    if name is None:
        return writer.constant(np.zeros((1, 1, node.height, len(span)), np.float32), "silence")
    if node.height > 1:
        return writer.input(name, (1, 1, node.height, len(span)))
    flat = writer.input(name, (1, 1, len(span)))
    return writer.add("Unsqueeze", [flat, writer.constant(np.array([2]), "rows")], f"{name}_row")
