"""Finds where packets were lost in a file that came without a list: holes of digital silence, repeated packets, steps.

Conservative: what music does by itself (rests, fades, plucked strings) must not be taken for a loss, and then be
overwritten. So each kind needs evidence that music hardly gives: an exact length of whole packets and

- *silence*: every channel exactly zero, with sound right up to both edges;
- *repeat*: every channel exactly what it was one packet before, and that was not silent or constant;
- *step*: a click at its start and one at its end, both on a grid of packets on which at least three such pairs lie, and
  a third of all there are.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from plcd.core.linear_prediction import burg, prediction_errors
from plcd.offline.audio_files import AudioInfo, read_blocks
from plcd.restoration.restorer import Audio, Mask, runs_of

SHORTEST: Final = 16
"""Samples of a packet at least: fewer are zero or repeated by chance."""
MOST_PACKETS: Final = 16
"""The longest hole that is looked for: longer bursts hardly occur, and longer rests do."""
SLACK: Final = 3
"""A hole of silence may be longer than its packets by so many samples: those beside it may be zero by chance."""
EDGE_S: Final = 0.002
"""So much sound on each side of a silence must be"""
LOUD: Final = 10 ** (-50 / 20)
"""as loud as this (RMS, full scale): what fades into a rest is quieter at its end."""
ABRUPT: Final = 10 ** (-40 / 20)
"""The same where nothing is known of how long a hole is: the last bit of 8 is silent between steps as loud as -42 dB."""
CLICK: Final = 12.0
"""A click's prediction error over the median of those around it, 8 standard deviations of noise. Attacks of percussion reach it
too, but not at fixed distances, so much the less on a grid."""
CLICK_ORDER: Final = 32
CLICK_WINDOW: Final = 4096
PAIRS: Final = 3
_STEP: Final = 1 << 16
_BEFORE: Final = 1 << 13
"""Samples of a stretch before those that are new in it: what a suspect's beginning is judged by."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """What looks like lost packets."""

    start: int
    stop: int
    kind: str
    """``silence``, ``repeat`` or ``step``."""


def detect(info: AudioInfo, packet: int) -> list[Suspect]:
    """All suspects of a file in packets of ``packet`` samples, in order. Reads it once. Raises AudioFileError."""
    suspects: list[Suspect] = []
    clicks: list[int] = []
    for start, audio, new in _stretches(info, packet):
        suspects += [
            Suspect(start + found.start, start + found.stop, found.kind)
            for found in (*_silences(audio, info.rate, packet), *_repeats(audio, packet))
            if new <= found.start < new + _STEP
        ]
        clicks += [start + place for place in _clicks(audio) if new <= place < new + _STEP]
    edges = {edge for found in suspects for edge in (found.start, found.stop)}
    suspects += _pairs([place for place in clicks if place not in edges], packet)
    return sorted(suspects, key=lambda found: found.start)


def _stretches(info: AudioInfo, packet: int) -> Iterator[tuple[int, Audio, int]]:
    """The file in overlapping stretches: first sample, audio, and how far into it the ``_STEP`` samples lie that it is for."""
    before = max(_BEFORE, 2 * packet)
    behind = (MOST_PACKETS + 2) * packet + _BEFORE
    blocks = read_blocks(info, _STEP)
    held = np.zeros((0, info.channels))
    start = new = 0
    while start + new < info.samples:
        parts, end = [held], start + len(held)
        while end < start + new + _STEP + behind and (block := next(blocks, None)) is not None:
            parts.append(block)
            end += len(block)
        held = np.concatenate(parts)
        yield start, held, new
        kept = max(0, new + _STEP - before)
        held, start, new = held[kept:], start + kept, new + _STEP - kept


def holes(audio: Audio, rate: int, shortest: int, longest: int) -> list[tuple[int, int]]:
    """Start and end of each silence of ``shortest`` to ``longest`` samples in ``audio`` ``(n, channels)`` that begins and ends in
    the midst of sound (``ABRUPT`` or louder), whatever made it.
    """
    return [
        (start, stop)
        for start, stop in runs_of(_silent(audio))
        if shortest <= stop - start <= longest and _amid(audio, rate, start, stop, ABRUPT)
    ]


def _silences(audio: Audio, rate: int, packet: int) -> Iterator[Suspect]:
    for start, stop in _whole_packets(_silent(audio), packet):
        if _amid(audio, rate, start, stop, LOUD):
            yield Suspect(start, stop, "silence")


def _silent(audio: Audio) -> Mask:
    silent: Mask = np.logical_not(audio.any(axis=1))
    return silent


def _amid(audio: Audio, rate: int, start: int, stop: int, loud: float) -> bool:
    """Whether there is sound right up to both edges."""
    edge = max(1, round(EDGE_S * rate))
    sides = audio[max(0, start - edge) : start], audio[stop : stop + edge]
    return all(len(side) == edge and _loudness(side) > loud for side in sides)


def _repeats(audio: Audio, packet: int) -> Iterator[Suspect]:
    same: Mask = np.all(audio[packet:] == audio[:-packet], axis=1)
    for start, stop in _whole_packets(same, packet):
        again = audio[start + packet : stop + packet]
        if np.ptp(again, axis=0).any() and _loudness(again) > LOUD:
            yield Suspect(start + packet, stop + packet, "repeat")


def _whole_packets(mask: Mask, packet: int) -> Iterator[tuple[int, int]]:
    """The runs as long as one packet or a few, and hardly longer."""
    for start, stop in runs_of(mask):
        length = stop - start
        if packet <= length <= MOST_PACKETS * packet + SLACK and length % packet <= SLACK:
            yield start, stop


def _loudness(audio: Audio) -> float:
    """RMS of the loudest channel."""
    return float(np.sqrt(np.mean(audio**2, axis=0).max()))


def _clicks(audio: Audio) -> list[int]:
    """Where a short predictor is surprised far beyond the usual: the first sample of each surprise."""
    mono = np.ascontiguousarray(audio.mean(axis=1))
    places: list[int] = []
    for start in range(CLICK_ORDER, mono.size, CLICK_WINDOW):
        shown = mono[start - CLICK_ORDER : start + CLICK_WINDOW]
        if shown.size < 4 * CLICK_ORDER or not np.isfinite(shown).all():
            continue
        errors = np.abs(prediction_errors(shown, burg(shown, CLICK_ORDER)))
        loud = np.flatnonzero(errors > CLICK * np.median(errors))
        if loud.size and np.median(errors) > 0:
            first = np.concatenate(([True], np.diff(loud) > CLICK_ORDER))
            places += (start + loud[first]).tolist()
    return places


def _pairs(clicks: list[int], packet: int) -> list[Suspect]:
    """Stretches of whole packets between two clicks on a grid that has several. What lies between two such stretches looks the
    same, so clicks that might belong to either count as none."""
    pairs = [
        Suspect(one, other, "step")
        for one, other in pairwise(clicks)
        if other - one <= MOST_PACKETS * packet and (other - one) % packet == 0
    ]
    starts, stops = {pair.start for pair in pairs}, {pair.stop for pair in pairs}
    pairs = [pair for pair in pairs if pair.start not in stops and pair.stop not in starts]
    counts = Counter(pair.start % packet for pair in pairs)
    return [pair for pair in pairs if counts[pair.start % packet] >= max(PAIRS, len(pairs) / 3)]
