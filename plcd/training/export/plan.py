"""What each layer computes in which stage: the bookkeeping of receptive fields.

Only the last ``wanted`` positions of the result are asked for, and only the first ``known`` positions of the input are there
before a loss. From the result back, each layer's needed range is the union of what its consumers need. From the input on,
each layer's known count is how many of its outputs rest on known inputs alone. The first stage computes what is needed and
known; the second the rest. Where the second stage needs outputs of the first, they are handed over (*state*) or, for nodes
with ``again``, computed again.
"""

from dataclasses import dataclass

from plcd.training.export.layers import Node, in_order
from plcd.training.export.span import EMPTY, Span


@dataclass(frozen=True, slots=True)
class Share:
    """What one layer has to do."""

    known: Span
    """Computed in the first stage."""
    state: Span
    """Handed from the first to the second stage: the end of ``known``, or empty."""
    rest: Span
    """Computed in the second stage; begins where ``state`` ends, if there is one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Of the whole graph."""

    order: list[Node]
    shares: dict[Node, Share]


def known_counts(order: list[Node], known: int) -> dict[Node, int]:
    """How many positions of each node's output rest on the first ``known`` inputs alone."""
    counts: dict[Node, int] = {}
    for node in order:
        counts[node] = (
            min(node.layer.reach.known(counts[other], other.width, node.width) for other in node.inputs)
            if node.inputs
            else known
        )
    return counts


def make_plan(last: Node, wanted: Span, known: int) -> Plan:
    """``wanted``: of ``last``; ``known``: positions of the source there are before a loss (0: all in one stage, the second)."""
    order = in_order(last)
    counts = known_counts(order, known)
    rest: dict[Node, Span] = dict.fromkeys(order, EMPTY)
    state: dict[Node, Span] = dict.fromkeys(order, EMPTY)
    first: dict[Node, Span] = dict.fromkeys(order, EMPTY)
    rest[last] = wanted
    for node in reversed(order):  # what the second stage needs
        needed, count = rest[node], counts[node]
        if len(needed) and needed.start < count and not node.again:
            state[node] = Span(needed.start, min(count, needed.stop))
            rest[node] = Span(count, needed.stop)
        for other in node.inputs:
            rest[other] |= node.layer.reach.needs(rest[node], other.width)
    for node in reversed(order):  # what the first stage then has to compute
        first[node] |= state[node]
        for other in node.inputs:
            first[other] |= node.layer.reach.needs(first[node], other.width)
    return Plan(order, {node: Share(first[node], state[node], rest[node]) for node in order})
