"""MIDI files with other instruments and another tempo: events are patched where they stand, nothing else changes.

Standard MIDI File 1.0: chunks of a four-letter name, a 32-bit length and that many bytes; in tracks, events behind
variable-length delta times, status bytes left out where they repeat.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_TEMPO = 0x51
_DEFAULT_TEMPO = 500_000
"""Microseconds a quarter: what a file without a tempo means."""
_DRUMS = 9
"""The channel whose programs are drum kits: left alone."""


class MidiError(ValueError):
    """Not a MIDI file, or a damaged one."""


@dataclass(frozen=True, slots=True)
class _Event:
    """``start`` of its data in the track, ``status`` in full; ``kind`` of a meta event."""

    start: int
    length: int
    status: int
    kind: int = 0


def channels(data: bytes) -> list[int]:
    """Those that play notes, drums left out. Raises MidiError."""
    found = {
        event.status & 0x0F
        for begin, end in _tracks(data)
        for event in _events(data[begin:end])
        if event.status & 0xF0 == 0x90
    }
    return sorted(found - {_DRUMS})


def vary(data: bytes, programs: dict[int, int], tempo: float) -> bytes:
    """``data`` with a program (0..127) for each channel and played ``tempo`` times as fast. Raises MidiError."""
    out = bytearray(data)
    spans = list(_tracks(data))
    for begin, end in spans:
        for event in _events(data[begin:end]):
            place = begin + event.start
            if event.status & 0xF0 == 0xC0 and event.status & 0x0F in programs:
                out[place] = programs[event.status & 0x0F]
            elif event.status == 0xFF and event.kind == _TEMPO and event.length == 3:
                out[place : place + 3] = _tempo_bytes(int.from_bytes(data[place : place + 3]), tempo)
    if not spans:
        raise MidiError("holds no track")
    begin, end = spans[0]  # for what the file does not say; its own events follow and win
    extra = b"".join(bytes((0, 0xC0 | channel, program)) for channel, program in sorted(programs.items()))
    extra += b"\0\xff\x51\x03" + _tempo_bytes(_DEFAULT_TEMPO, tempo)
    out[begin:begin] = extra
    out[begin - 4 : begin] = (end - begin + len(extra)).to_bytes(4)
    return bytes(out)


def _tempo_bytes(microseconds: int, tempo: float) -> bytes:
    return min(max(round(microseconds / tempo), 1), 0xFFFFFF).to_bytes(3)


def _tracks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the events of each track begin and end."""
    if data[:4] != b"MThd":
        raise MidiError("is not a MIDI file")
    place = 8 + int.from_bytes(data[4:8])
    while place + 8 <= len(data):
        length = int.from_bytes(data[place + 4 : place + 8])
        if place + 8 + length > len(data):
            raise MidiError("is damaged: a track ends after the file")
        if data[place : place + 4] == b"MTrk":
            yield place + 8, place + 8 + length
        place += 8 + length


def _events(track: bytes) -> Iterator[_Event]:
    place, status = 0, 0
    try:
        while place < len(track):
            _, place = _number(track, place)  # the delta time
            kind = 0
            if track[place] & 0x80:
                status = track[place]
                place += 1
            if status in (0xF0, 0xF7, 0xFF):
                if status == 0xFF:
                    kind = track[place]
                    place += 1
                length, place = _number(track, place)
            elif status >= 0x80:
                length = 1 if status & 0xF0 in (0xC0, 0xD0) else 2
            else:
                raise MidiError("is damaged: data without a status")
            if place + length > len(track):
                raise MidiError("is damaged: an event ends after its track")
            yield _Event(place, length, status, kind)
            place += length
    except IndexError:
        raise MidiError("is damaged: a track ends inside an event") from None


def _number(track: bytes, place: int) -> tuple[int, int]:
    """A variable-length quantity, and where it ends."""
    value = 0
    for _ in range(4):
        byte = track[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, place
    raise MidiError("is damaged: a number of more than four bytes")
