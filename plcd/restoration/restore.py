"""One recording restored: streamed through a tape, window by window, everything outside the gaps untouched."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from plcd.offline.audio_files import AudioFileError, AudioInfo, AudioWriter, read_blocks
from plcd.offline.containers import holds
from plcd.restoration.condition import is_clipped
from plcd.restoration.errors import RestorationError
from plcd.restoration.gap_lists import Gaps, mask_of
from plcd.restoration.journal import Job, Journal, Restored, journal_of
from plcd.restoration.restorer import Audio, Progress, Restorer, Window
from plcd.restoration.tape import Tape
from plcd.restoration.windows import Group, grouped, longer_than

BLOCK: Final = 1 << 15
"""Samples read at a time."""
Advanced = Callable[[float], None]
"""Hears by how many samples of gaps the work went on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    source: AudioInfo
    output: Path
    encoding: str
    """Of the samples in the output."""
    gaps: int
    """That were restored."""
    samples: int
    """In them."""
    left: int
    """Gaps too long for the method: they are as they were."""
    resumed: int
    """Of ``samples`` those that an interrupted run had finished."""
    clipped: int = 0
    """Windows in which the sound is clipped,"""
    silent: int = 0
    """and in which there is none."""


def restore_file(
    info: AudioInfo,
    digest: str,
    gaps: Gaps,
    output: Path,
    restorer: Restorer,
    advanced: Advanced = lambda _: None,
) -> Outcome:
    """Restore ``gaps`` (merged) of the file ``info``, whose SHA-256 is ``digest``, into ``output``.

    The output has the input's encoding, or one that holds it without loss. Memory does not grow with the file's length. What is
    finished is kept in a journal beside the output until that is complete. Raises AudioFileError and RestorationError.
    """
    reach = restorer.reach(info.rate)
    job = job_of(info, digest, gaps, restorer)
    writer = exact_writer(output, info, job.mark)
    count = done = resumed = clipped = silent = 0
    with Journal(journal_of(output), job) as journal:
        with writer:
            tape = Tape(read_blocks(info, BLOCK), info.channels)
            for group in grouped(gaps, reach):
                start, stop = group.window(reach, info.samples)
                for audio in tape.release(start):
                    writer.write(audio)
                tape.read_to(stop)
                known = tape.cut(start, stop)[~mask_of(gaps, start, stop)]
                clipped += is_clipped(known)
                silent += not known.any()
                restored = journal.next(group.start, group.missing)
                if restored is None:
                    restored = restore_group(info, gaps, restorer, group, tape, advanced)
                    journal.add(group.start, restored)
                else:
                    resumed += group.missing
                    advanced(group.missing)
                put(tape, group, restored)
                count += len(group.gaps)
                done += group.missing
            for audio in tape.release(info.samples):
                writer.write(audio)
        journal.remove()
    left = len(longer_than(gaps, reach.longest))
    return Outcome(info, output, writer.encoding, count, done, left, resumed, clipped, silent)


def job_of(info: AudioInfo, digest: str, gaps: Gaps, restorer: Restorer) -> Job:
    """What :func:`restore_file` does, as its journal and its output bear it."""
    listed = hashlib.sha256(gaps.astype("<i8").tobytes()).hexdigest()
    return Job(digest, listed, info.channels, restorer.identity)


def exact_writer(output: Path, info: AudioInfo, comment: str = "") -> AudioWriter:
    """For a file like ``info`` in which what was not touched is what it was. Raises AudioFileError and RestorationError."""
    writer = AudioWriter(output, info, comment)
    if not holds(writer.encoding, info.encoding):
        raise RestorationError(
            f"{output}: encoded as {writer.encoding} what was not lost would change too (the input is {info.encoding}): give an "
            "output that ends in .wav, or in .flac for up to 24 bits"
        )
    return writer


def restore_group(
    info: AudioInfo, gaps: Gaps, restorer: Restorer, group: Group, tape: Tape, advanced: Advanced
) -> Restored:
    """The missing samples of ``group``, one gap after the other. The tape holds its window, earlier gaps restored."""
    reach = restorer.reach(info.rate)
    start, stop = group.window(reach, info.samples)
    left = longer_than(gaps, reach.longest)
    window = _window(info, tape.cut(start, stop), start, group, gaps, left)
    progress = _share_of(group, advanced)
    try:
        made = restorer.restore(window, progress)
    except RestorationError as error:
        raise RestorationError(f"{info.path}: gap at {group.start / info.rate:.3f} s: {error}") from None
    progress(1.0)
    return _wanted(info, made, window, start, group)


def put(tape: Tape, group: Group, restored: Restored) -> None:
    """Write what :func:`restore_group` gave into the tape."""
    place = 0
    for start, stop in group.gaps:
        tape.put(start, restored[place : place + stop - start].astype(np.float64))
        place += stop - start


def _window(info: AudioInfo, audio: Audio, start: int, group: Group, gaps: Gaps, left: Gaps) -> Window:
    """``audio``, which begins at ``start``, for ``group``: gaps before it are restored, those that are ``left`` never will be."""
    stop = start + audio.shape[0]
    missing = mask_of(left, start, stop)
    missing |= mask_of(gaps[np.searchsorted(gaps[:, 0], group.start) :], start, stop)
    audio[missing] = 0.0
    bad = np.argwhere(~np.isfinite(audio))
    if bad.size:
        raise AudioFileError(
            f"{info.path}: sample {start + int(bad[0, 0])} is NaN or infinite; what lies around a gap has to be finite"
        )
    return Window(audio, missing, info.rate, mask_of(np.array(group.gaps, np.int64), start, stop))


def _wanted(info: AudioInfo, made: Audio, window: Window, start: int, group: Group) -> Restored:
    """The samples of ``group`` among all that were ``made``, in float32, which the journal holds too."""
    whole = np.empty_like(window.audio)
    whole[window.missing] = made
    wanted = np.concatenate([whole[begin - start : end - start] for begin, end in group.gaps])
    with np.errstate(over="ignore"):
        restored = wanted.astype(np.float32)
    if not np.isfinite(restored).all():
        raise RestorationError(
            f"{info.path}: gap at {group.start / info.rate:.3f} s: the method made NaN or infinity of it; try another one"
        )
    return restored


def _share_of(group: Group, advanced: Advanced) -> Progress:
    """Turns the share of one window that is done into samples."""
    said = 0.0

    def progress(share: float) -> None:
        nonlocal said
        now = min(max(share, said), 1.0)
        advanced((now - said) * group.missing)
        said = now

    return progress
