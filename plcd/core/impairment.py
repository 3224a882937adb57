"""What a network does to a stream's packets: loses, delays, swaps and repeats them.

Theory of operation. Each effect draws from its own generator, all made from one seed, and draws for every
packet whether or not another effect has hit it. So switching one effect on or off never changes what the
others do.
"""

import numpy as np

from plcd.core.loss import Flags, LossModel, NoLoss

MAX_JITTER_MS = 10_000.0
"""Bounds what a sender must hold back: the longest delays seen in networks are a few seconds."""

MAX_FLAGS = 1 << 24
"""Flags kept, one byte each: 16 MiB, or 54 hours of 512-sample packets at 44.1 kHz."""

SWAP_MARGIN_MS = 0.05
"""By how much a swapped packet follows its successor: enough to keep them apart, little beside a period."""


class Impairment:
    """Decides the fate of a stream's packets, in order. Raises ValueError for values out of range."""

    def __init__(
        self,
        loss: LossModel | None = None,
        *,
        jitter_ms: float = 0.0,
        reorder: float = 0.0,
        duplicate: float = 0.0,
        seed: int = 0,
    ) -> None:
        """``loss``: none by default; its flags are ``loss.sample(n, np.random.default_rng(seed))``.

        ``jitter_ms``: each copy is delayed by 0 to this, uniformly (above a packet's period this alone
        reorders); ``reorder``: probability that a packet changes places with the next one, unless it has just
        done so with the previous one; ``duplicate``: probability that a packet is sent twice.
        """
        if not 0.0 <= jitter_ms <= MAX_JITTER_MS:
            raise ValueError(f"the jitter must be 0 to {MAX_JITTER_MS:g} ms, not {jitter_ms:g}")
        for name, value in (("reordering", reorder), ("duplication", duplicate)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"the {name} must be a probability, 0 to 1, not {value:g}")
        if seed < 0:
            raise ValueError(f"the seed must not be negative, and {seed} is")
        generators = (
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,))) for key in range(1, 4)
        )
        self._jitter_rng, self._reorder_rng, self._duplicate_rng = generators
        self._jitter_ms = jitter_ms
        self._reorder = reorder
        self._duplicate = duplicate
        self._lost = (loss or NoLoss()).start(np.random.default_rng(seed))
        self._flags = bytearray()
        self._swapped = False
        self._next_jitters = self._draw_jitters()

    def next_delays(self, period_ms: float) -> tuple[float, ...]:
        """When the copies of the next packet leave, in ms after they should, in order; empty if it is lost.

        ``period_ms``: the time from this packet to the one after it, by which a swap delays. No delay is
        above ``period_ms + SWAP_MARGIN_MS + jitter_ms``.
        """
        lost = next(self._lost)
        if len(self._flags) < MAX_FLAGS:
            self._flags.append(lost)
        first, second = self._next_jitters
        self._next_jitters = self._draw_jitters()
        drawn = self._reorder_rng.random() < self._reorder
        self._swapped = drawn and not self._swapped
        twice = self._duplicate_rng.random() < self._duplicate
        if lost:
            return ()
        if self._swapped:
            # Its successor leaves a period later plus a jitter of its own: just after that.
            held = period_ms + SWAP_MARGIN_MS
            first = held + self._next_jitters[0]
            second += held
        return (first, max(first, second)) if twice else (first,)

    @property
    def flags(self) -> Flags:
        """Which packets were lost so far, the first ``MAX_FLAGS`` of them at most."""
        return np.frombuffer(bytes(self._flags), np.bool_)

    def _draw_jitters(self) -> tuple[float, float]:
        """One delay for each of a packet's possible copies."""
        first, second = self._jitter_rng.random(2).tolist()
        return first * self._jitter_ms, second * self._jitter_ms
