"""MIDI files: read as far as needed, patched in place, refused when damaged."""

import struct

import pytest

from plcd.training.midi import MidiError, channels, vary


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">I", len(body)) + body


def song(*tracks: bytes) -> bytes:
    """Format 1, 480 ticks a quarter."""
    return chunk(b"MThd", struct.pack(">HHH", 1, len(tracks), 480)) + b"".join(
        chunk(b"MTrk", t) for t in tracks
    )


END = b"\x00\xff\x2f\x00"
TEMPO = b"\x00\xff\x51\x03\x07\xa1\x20"  # 500 000 microseconds
NOTES = b"\x00\x90\x3c\x40" + b"\x83\x60\x3c\x00"  # the second one with a running status, 480 ticks later
DRUMS = b"\x00\x99\x24\x40" + b"\x60\x89\x24\x40"
SYSEX = b"\x00\xf0\x03\x7e\x7f\xf7"


def test_channels_that_play_notes_are_found_and_drums_left_out() -> None:
    assert channels(song(TEMPO + END, SYSEX + b"\x00\xc0\x05" + NOTES + END, DRUMS + END)) == [0]
    assert channels(song(TEMPO + END)) == []
    assert channels(song(b"\x00\x93\x3c\x40" + NOTES + END)) == [0, 3]


def test_programs_and_tempo_are_patched_where_they_stand() -> None:
    data = song(TEMPO + b"\x00\xc0\x05" + NOTES + END)
    varied = vary(data, {0: 40}, 1.25)
    prefix = b"\x00\xc0\x28" + b"\x00\xff\x51\x03\x06\x1a\x80"
    assert varied == song(prefix + b"\x00\xff\x51\x03\x06\x1a\x80" + b"\x00\xc0\x28" + NOTES + END)


def test_what_a_file_does_not_say_is_put_before_it() -> None:
    varied = vary(song(NOTES + END, NOTES + END), {0: 7}, 0.5)
    assert varied == song(b"\x00\xc0\x07" + b"\x00\xff\x51\x03\x0f\x42\x40" + NOTES + END, NOTES + END)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFFxxxx",
        song(NOTES + END)[:-3],
        song(b"\x00\x90\x3c"),
        song(b"\x00\x3c\x40"),
        song(b"\xff\xff\xff\xff\xff\x00"),
        song(b"\x00\xff\x51"),
    ],
)
def test_damaged_files_are_refused(data: bytes) -> None:
    with pytest.raises(MidiError):
        channels(data)
