"""A planned graph as two ONNX models, one for each stage."""

import numpy as np
import onnx

from plcd.training.export.emit import ROWS, Emitter, usual_form
from plcd.training.export.layers import Conv, Node, Pointwise, Source, Up, channel_counts
from plcd.training.export.plan import Plan
from plcd.training.export.rows import Table, convolve, convolve_up, from_map, to_map
from plcd.training.export.span import Span
from plcd.training.export.writer import Writer

Forms = dict[str, str]
"""How convolutions are written, by the node's name; see :mod:`plcd.training.export.emit`."""


class _Stage:
    """The tensors of one stage by node and range; cuts and joins them as asked."""

    def __init__(self, forms: Forms, axis: int, channels: dict[Node, int]) -> None:
        self.writer = Writer()
        self._emitter = Emitter(self.writer, axis)
        self._axis = axis
        self._forms = forms
        self._have: dict[Node, list[tuple[Span, str]]] = {}
        self._cuts: dict[tuple[str, ...], str] = {}
        self._rows: dict[Node, tuple[Span, Table]] = {}
        self._tables: dict[str, Table] = {}
        self._joins: dict[Node, Span] = {}
        self._channels = channels

    def put(self, node: Node, span: Span, name: str) -> None:
        """Pieces of one node are put in order and do not overlap."""
        self._have.setdefault(node, []).append((span, name))

    def take(self, node: Node, span: Span) -> str:
        """A tensor of exactly ``span``."""
        if node in self._joins:
            self._emit(node, self._joins.pop(node))
        if node in self._rows:
            have, table = self._rows.pop(node)
            self.put(node, have, to_map(self.writer, table, have, node.height, node.name))
        parts = []
        for have, name in self._have[node]:
            part = Span(max(have.start, span.start), min(have.stop, span.stop))
            if len(part):
                parts.append(name if part == have else self._cut(name, part.start - have.start, len(part)))
        if len(parts) == 1:
            return parts[0]
        key = tuple(parts)
        if key not in self._cuts:
            self._cuts[key] = self.writer.add(
                "Concat", parts, f"{node.name}_joined{len(self._cuts)}", axis=self._axis
            )
        return self._cuts[key]

    def _cut(self, name: str, start: int, length: int) -> str:
        key = (name, str(start), str(length))
        if key not in self._cuts:
            bounds = [np.array([value], np.int64) for value in (start, start + length, self._axis)]
            inputs = [name, *(self.writer.constant(bound, f"at_{bound[0]}") for bound in bounds)]
            self._cuts[key] = self.writer.add("Slice", inputs, f"{name}_{start}_{length}")
        return self._cuts[key]

    def compute(self, node: Node, span: Span) -> None:
        """Write ``node``'s layer for ``span``; its inputs are there. Joins are written where somebody wants them whole."""
        layer = node.layer
        if isinstance(layer, Pointwise) and layer.kind == "Concat":
            self._joins[node] = span
        elif isinstance(layer, Conv | Up) and self._form(node, span) == ROWS:
            source = node.inputs[0]
            parts = source.inputs if source in self._joins else (source,)
            tables = [self._table(part, layer.reach.needs(span, source.width)) for part in parts]
            if isinstance(layer, Conv):
                table = convolve(self.writer, layer, tables, span, node.height, node.name)
            else:
                table = convolve_up(self.writer, layer, tables, span, node.height, node.name)
            self._rows[node] = span, table
        else:
            self._emit(node, span)

    def _emit(self, node: Node, span: Span) -> None:
        width = node.inputs[0].width
        given = node.layer.reach.needs(span, width)
        tensors = [self.take(other, given) for other in node.inputs]
        size = node.inputs[0].height, width
        form = self._form(node, span)
        self.put(node, span, self._emitter.emit(node.layer, tensors, given, size, span, node.name, form))

    def _form(self, node: Node, span: Span) -> str:
        return self._forms.get(node.name) or usual_form(node.layer, len(span) * node.height, self._axis)

    def _table(self, node: Node, span: Span) -> Table:
        """``span`` of ``node``, and maybe more, as rows."""
        whole = Table((), 0, {}, self._channels[node])
        for have, name in self._have.get(node, []):
            if have.start < span.stop and span.start < have.stop:
                if name not in self._tables:
                    self._tables[name] = from_map(self.writer, name, have, node.height, whole.channels)
                whole += self._tables[name]
        return whole + self._rows[node][1] if node in self._rows else whole

    def source(self, node: Node, span: Span, name: str | None) -> None:
        """The input ``name``, or silence. Networks on samples have no rows outside, one inside."""
        shape = [1, 1, *self._emitter.turned(node.height, len(span))]
        if name is None:
            self.put(node, span, self.writer.constant(np.zeros(shape, np.float32), "silence"))
        elif node.height > 1:
            outside = self.writer.input(name, (1, 1, node.height, len(span)))
            self.put(node, span, self.writer.add("Transpose", [outside], f"{name}_turned", perm=[0, 1, 3, 2]))
        else:
            flat = self.writer.input(name, (1, 1, len(span)))
            rows = self.writer.constant(np.array([2]), "rows")
            self.put(node, span, self.writer.add("Unsqueeze", [flat, rows], f"{name}_row"))

    def shape(self, node: Node, span: Span, channels: int) -> list[int]:
        """Of the tensor that holds ``span`` of ``node``."""
        return [1, channels, *self._emitter.turned(node.height, len(span))]


def write(
    plan: Plan, known: str, recent: str | None, result: str, forms: Forms | None = None
) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The first stage, ``known`` to ``state_0``..., and the second, ``recent`` and ``state_0_in``... to ``result``.

    Where ``recent`` is None, zeros follow what is known. Maps are ``(1, 1, bins, frames)``, samples ``(1, 1, samples)``.
    """
    channels = channel_counts(plan.order)
    axis = 3 if plan.order[0].height == 1 else 2
    first, second = _Stage(forms or {}, axis, channels), _Stage(forms or {}, axis, channels)
    states = 0
    for node in plan.order:
        share = plan.shares[node]
        for stage, span, name in ((first, share.known, known), (second, share.rest, recent)):
            if stage is second and len(share.state):
                shape = first.shape(node, share.state, channels[node])
                state = first.take(node, share.state)
                first.writer.output(first.writer.add("Identity", [state], f"state_{states}"), shape)
                second.put(node, share.state, second.writer.input(f"state_{states}_in", shape))
                states += 1
            if not len(span):
                continue
            if isinstance(node.layer, Source):
                stage.source(node, span, name)
            else:
                stage.compute(node, span)
    last = plan.order[-1]
    wanted = plan.shares[last].rest
    made = second.take(last, wanted)
    if last.height == 1:
        second.writer.add("Squeeze", [made, second.writer.constant(np.array([2]), "rows")], result)
        second.writer.output(result, (1, channels[last], len(wanted)))
    else:
        second.writer.add("Transpose", [made], result, perm=[0, 1, 3, 2])
        second.writer.output(result, (1, channels[last], last.height, len(wanted)))
    return first.writer.model("first"), second.writer.model("second")
