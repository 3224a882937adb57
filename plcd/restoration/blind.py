"""Recordings restored without knowing where they are damaged: all of it goes through the method, stretch by stretch."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from plcd.offline.audio_files import AudioFileError, AudioInfo, read_blocks
from plcd.restoration.errors import RestorationError
from plcd.restoration.journal import Job, Journal, Restored, journal_of
from plcd.restoration.restore import BLOCK, Advanced, Outcome, exact_writer
from plcd.restoration.restorer import Audio
from plcd.restoration.tape import Tape


@dataclass(frozen=True, slots=True)
class Pace:
    """How a recording is cut, in samples at one rate."""

    size: int
    """Of a stretch."""
    context: int
    """Shown on both sides of it; there is less at the ends of a file."""
    led: int
    """How far a stretch reaches into the next one, which leads over from it there."""


class BlindRestorer(Protocol):
    """One method, ready to work; deterministic."""

    @property
    def identity(self) -> str:
        """As :attr:`plcd.restoration.restorer.Restorer.identity`."""

    def pace(self, rate: int) -> Pace:
        """Raises RestorationError where it does not work at that rate."""

    def renew(self, audio: Audio, start: int, stop: int, rate: int) -> Audio:
        """The samples ``start`` to ``stop`` of ``audio`` ``(n, channels)``, better: ``(stop - start, channels)``, finite.

        Everything before ``start`` was renewed already and is not changed any more. Raises RestorationError.
        """


def restore_blind(
    info: AudioInfo,
    digest: str,
    output: Path,
    restorer: BlindRestorer,
    advanced: Advanced = lambda _: None,
) -> Outcome:
    """Renew all of the file ``info``, whose SHA-256 is ``digest``, into ``output``; ``samples`` of the outcome are those changed.

    As :func:`plcd.restoration.restore.restore_file`: memory does not grow with the file's length, finished stretches are kept
    in the journal. Raises AudioFileError and RestorationError.
    """
    pace = restorer.pace(info.rate)
    job = blind_job(info, digest, restorer)
    writer = exact_writer(output, info, job.mark)
    changed = resumed = 0
    with Journal(journal_of(output), job) as journal:
        with writer:
            tape = Tape(read_blocks(info, BLOCK), info.channels)
            for begin in range(0, info.samples, pace.size):
                end = min(begin + pace.size + pace.led, info.samples)
                start, stop = max(0, begin - pace.context), min(info.samples, end + pace.context)
                for audio in tape.release(start):
                    writer.write(audio)
                tape.read_to(stop)
                before = tape.cut(begin, end)
                renewed = journal.next(begin, end - begin)
                if renewed is None:
                    renewed = _renewed(info, restorer, tape, start, begin, end, stop, pace.led)
                    journal.add(begin, renewed)
                else:
                    resumed += len(renewed)
                # What does not change keeps the bits it had, also where they are more than float32 holds.
                other = renewed != before.astype(np.float32)
                before[other] = renewed[other]
                tape.put(begin, before)
                changed += int(other[: pace.size].any(axis=1).sum())
                advanced(min(pace.size, info.samples - begin))
            for audio in tape.release(info.samples):
                writer.write(audio)
        journal.remove()
    return Outcome(info, output, writer.encoding, 0, changed, 0, resumed)


def blind_job(info: AudioInfo, digest: str, restorer: BlindRestorer) -> Job:
    """What :func:`restore_blind` does, as its journal and its output bear it."""
    return Job(digest, hashlib.sha256(b"blind").hexdigest(), info.channels, restorer.identity)


def _renewed(
    info: AudioInfo,
    restorer: BlindRestorer,
    tape: Tape,
    start: int,
    begin: int,
    end: int,
    stop: int,
    led: int,
) -> Restored:
    """The stretch ``begin`` to ``end``, led over to from what the one before it has left in the tape."""
    audio = tape.cut(start, stop)
    bad = np.argwhere(~np.isfinite(audio))
    if bad.size:
        raise AudioFileError(f"{info.path}: sample {start + int(bad[0, 0])} is NaN or infinite")
    old = audio[begin - start : end - start]
    new = restorer.renew(audio, begin - start, end - start, info.rate)
    if begin:
        led = min(led, len(new))
        rising = ((np.arange(led) + 0.5) / led)[:, None]
        new[:led] = old[:led] + rising * (new[:led] - old[:led])
    with np.errstate(over="ignore"):
        renewed = new.astype(np.float32)
    if not np.isfinite(renewed).all():
        raise RestorationError(
            f"the method made NaN or infinity at {begin / info.rate:.3f} s; try another one"
        )
    return renewed
