"""Ranges of frames or samples along the one axis that is cropped, and how a layer carries them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Positions ``start <= i < stop``; empty when stop <= start."""

    start: int
    stop: int

    def __len__(self) -> int:
        return max(0, self.stop - self.start)

    def __or__(self, other: "Span") -> "Span":
        """The smallest range with both in it."""
        if not len(self):
            return other
        return Span(min(self.start, other.start), max(self.stop, other.stop)) if len(other) else self

    def within(self, width: int) -> "Span":
        """What of it lies in ``0 .. width``."""
        return Span(max(0, self.start), min(width, self.stop))


EMPTY = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Reach:
    """Output ``i`` rests on the inputs ``i * stride + first .. i * stride + last`` (those outside 0 .. width are zeros)."""

    stride: int = 1
    first: int = 0
    last: int = 0

    def needs(self, out: Span, width: int) -> Span:
        """The inputs that the outputs ``out`` rest on, of ``width`` there are."""
        if not len(out):
            return EMPTY
        first = out.start * self.stride + self.first
        return Span(first, (out.stop - 1) * self.stride + self.last + 1).within(width)

    def known(self, count: int, width: int, width_out: int) -> int:
        """How many outputs, from the first on, rest only on the first ``count`` inputs."""
        if count >= width:
            return width_out
        return min(width_out, max(0, (count - 1 - self.last) // self.stride + 1))


@dataclass(frozen=True, slots=True)
class DoublingReach:
    """The same of a layer with two outputs for each input: output ``i`` rests on ``(i + first) // 2 .. (i + last) // 2``."""

    first: int
    last: int

    def needs(self, out: Span, width: int) -> Span:
        """The inputs that the outputs ``out`` rest on, of ``width`` there are."""
        if not len(out):
            return EMPTY
        return Span((out.start + self.first) // 2, (out.stop - 1 + self.last) // 2 + 1).within(width)

    def known(self, count: int, width: int, width_out: int) -> int:
        """How many outputs, from the first on, rest only on the first ``count`` inputs."""
        return width_out if count >= width else max(0, min(width_out, 2 * count - self.last))
