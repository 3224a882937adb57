"""A restoration to listen to before it is made: some gaps, each as it was and then restored, in one short file."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from plcd.offline.audio_files import AudioInfo, read_blocks
from plcd.restoration.gap_lists import Gaps
from plcd.restoration.restore import BLOCK, Advanced, exact_writer, put, restore_group
from plcd.restoration.restorer import Audio, Restorer
from plcd.restoration.tape import Tape
from plcd.restoration.windows import Group, grouped

SHOWN: Final = 5
"""The first so many windows."""
AROUND_S: Final = 1.0
"""Sound before and behind each."""
BETWEEN_S: Final = 0.3
"""Silence between a gap as it was and restored,"""
APART_S: Final = 0.9
"""and behind both."""
MARK: Final = "preview by plcd restore"
"""In the tags of each: one preview may take another one's place."""


def preview_groups(info: AudioInfo, gaps: Gaps, restorer: Restorer) -> list[Group]:
    """What a preview shows."""
    return list(islice(grouped(gaps, restorer.reach(info.rate)), SHOWN))


def preview_file(
    info: AudioInfo, gaps: Gaps, output: Path, restorer: Restorer, advanced: Advanced = lambda _: None
) -> int:
    """Write the preview of restoring ``gaps`` (merged) of ``info``; returns how many windows are in it.

    Raises AudioFileError and RestorationError.
    """
    groups = preview_groups(info, gaps, restorer)
    with exact_writer(output, info, MARK) as writer:
        for sound in _sounds(info, gaps, groups, restorer, advanced):
            writer.write(sound)
    return len(groups)


def _sounds(
    info: AudioInfo, gaps: Gaps, groups: list[Group], restorer: Restorer, advanced: Advanced
) -> Iterator[Audio]:
    around = round(AROUND_S * info.rate)
    reach = restorer.reach(info.rate)
    tape, given = (Tape(read_blocks(info, BLOCK), info.channels) for _ in range(2))
    for group in groups:
        heard = max(0, group.start - around), min(info.samples, group.stop + around)
        start, stop = group.window(reach, info.samples)
        for one in (tape, given):
            for _ in one.release(min(start, heard[0])):
                pass
            one.read_to(max(stop, heard[1]))
        yield given.cut(*heard)
        yield np.zeros((round(BETWEEN_S * info.rate), info.channels))
        put(tape, group, restore_group(info, gaps, restorer, group, tape, advanced))
        yield tape.cut(*heard)
        yield np.zeros((round(APART_S * info.rate), info.channels))
