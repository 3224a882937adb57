"""One recording of ``plcd restore``: read, its gaps found, restored or previewed; every failure as one line."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from plcd.cli.errors import CliError
from plcd.cli.restore_jobs import Job, find_gaps
from plcd.offline.audio_files import AudioFileError, AudioInfo, comment_in, read_info
from plcd.restoration.blind import BlindRestorer, blind_job, restore_blind
from plcd.restoration.condition import missing_bytes
from plcd.restoration.detect import Suspect
from plcd.restoration.errors import RestorationError
from plcd.restoration.gap_lists import Gaps
from plcd.restoration.methods import Options
from plcd.restoration.preview import MARK, preview_file, preview_groups
from plcd.restoration.restore import Outcome, exact_writer, job_of, restore_file
from plcd.restoration.restorer import Reach, Restorer
from plcd.restoration.sidecar import digest_of
from plcd.restoration.windows import grouped, longer_than

LISTED = 20
"""Suspects that are told, one line each."""
Sized = Callable[[int], None]
Advanced = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for all recordings of one command."""

    method: str
    options: Options
    packet: int
    preview: bool
    overwrite: bool = False
    """Outputs that are something else are replaced."""


@dataclass(slots=True)
class Done:
    """What became of one recording."""

    job: Job
    failure: str | None = None
    """One line."""
    gaps: int = 0
    seconds: float = 0.0
    """Of sound that was restored."""
    left: int = 0
    """Gaps too long for the method."""
    written: bool = False
    said: list[str] = field(default_factory=list)
    """Lines for the user."""


def work(
    job: Job,
    settings: Settings,
    restorer: Restorer,
    sized: Sized = lambda _: None,
    advanced: Advanced = lambda _: None,
) -> Done:
    """Do ``job`` with ``restorer``, the method of ``settings``. ``sized`` hears how many samples there
    are to restore, ``advanced`` by how many the work went on.
    """
    return _in_one_line(Done(job), lambda done: _work(done, settings, restorer, sized, advanced))


def work_blind(
    job: Job,
    settings: Settings,
    restorer: BlindRestorer,
    sized: Sized = lambda _: None,
    advanced: Advanced = lambda _: None,
) -> Done:
    """The same where nobody knows the gaps."""
    return _in_one_line(Done(job), lambda done: _renew(done, settings, restorer, sized, advanced))


def _in_one_line(done: Done, do: Callable[[Done], None]) -> Done:
    try:
        do(done)
    except (AudioFileError, RestorationError) as error:
        done.failure = str(error)
    except CliError as error:
        done.failure = error.message
    except OSError as error:
        done.failure = f"{error.filename or done.job.source}: {error.strerror or error}"
    return done


def _work(done: Done, settings: Settings, restorer: Restorer, sized: Sized, advanced: Advanced) -> None:
    job = done.job
    info = read_info(job.source)
    if short := missing_bytes(job.source):
        done.said.append(f"{job.source.name}: is cut off: {short} bytes fewer than its header says")
    reach = restorer.reach(info.rate)
    digest = digest_of(job.source)
    found, suspects = find_gaps(job, info, digest, settings.packet)
    done.said += found.notes
    if job.gaps is None:
        done.said += _listed(info, suspects)
    groups = list(grouped(found.gaps, reach))
    done.left = len(longer_than(found.gaps, reach.longest))
    lost_all = len(found.gaps) == 1 and int(np.diff(found.gaps[0])[0]) == info.samples
    if not groups or lost_all:
        done.said.append(_nothing_to_do(info, found.gaps, found.source, reach))
        return
    if settings.preview:
        groups = preview_groups(info, found.gaps, restorer)
    mark = MARK if settings.preview else job_of(info, digest, found.gaps, restorer).mark
    if _is_there(done, info, mark, settings):
        return
    sized(sum(group.missing for group in groups))
    if settings.preview:
        preview_file(info, found.gaps, job.output, restorer, advanced)
    else:
        done.said += _told(restore_file(info, digest, found.gaps, job.output, restorer, advanced))
    done.gaps = sum(len(group.gaps) for group in groups)
    done.seconds = sum(group.missing for group in groups) / info.rate
    done.written = True


def _is_there(done: Done, info: AudioInfo, mark: str, settings: Settings) -> bool:
    """Whether the output exists and bears ``mark``, so that nothing is to be done (a preview is made anew).

    Raises RestorationError where it is something else that has to be kept.
    """
    output = done.job.output
    exact_writer(output, info)
    if not output.exists():
        return False
    if comment_in(output).endswith(mark):
        kept = not settings.preview and not settings.overwrite
        if kept:
            done.said.append(
                f"{output}: is there already, restored like this; to have it made anew, delete it"
            )
        return kept
    if not settings.overwrite:
        raise RestorationError(
            f"{output}: exists already, and is something else (or of a kind without tags): give another output, or --overwrite"
        )
    return False


def _told(outcome: Outcome) -> list[str]:
    """What the user should know of a file that was written."""
    name, rate = outcome.source.path.name, outcome.source.rate
    lines = []
    if outcome.resumed:
        lines.append(
            f"{outcome.output.name}: {outcome.resumed / rate:.1f} s of gaps were there from an earlier run"
        )
    if outcome.clipped:
        lines.append(f"{name}: sound around {outcome.clipped} gaps is clipped, and stays so")
    if outcome.silent:
        lines.append(f"{name}: around {outcome.silent} gaps there is only silence, so it fills them")
    return lines


def _renew(done: Done, settings: Settings, restorer: BlindRestorer, sized: Sized, advanced: Advanced) -> None:
    info = read_info(done.job.source)
    restorer.pace(info.rate)
    digest = digest_of(done.job.source)
    if _is_there(done, info, blind_job(info, digest, restorer).mark, settings):
        return
    sized(info.samples)
    outcome = restore_blind(info, digest, done.job.output, restorer, advanced)
    if outcome.resumed:
        done.said.append(
            f"{done.job.output.name}: {outcome.resumed / info.rate:.1f} s were there from an earlier run"
        )
    if not outcome.samples:
        done.said.append(
            f"{done.job.output.name}: nothing was found that is damaged: it is the same as {info.path.name}"
        )
    done.seconds = outcome.samples / info.rate
    done.written = True


def _nothing_to_do(info: AudioInfo, gaps: Gaps, source: str, reach: Reach) -> str:
    """That there is nothing to repair. Raises RestorationError where there is, and it cannot be."""
    if len(gaps) and int(np.diff(gaps[0])[0]) == info.samples:
        raise RestorationError(f"{info.path}: nothing written: all of it is missing, by {source}")
    if len(gaps):
        longest = 1000 * reach.longest / info.rate
        raise RestorationError(
            f"{info.path}: nothing written: all {len(gaps)} gaps are longer than the {longest:.0f} ms of this method"
        )
    return f"{info.path.name}: nothing to repair: no gaps by {source}; no file is written"


def _listed(info: AudioInfo, suspects: list[Suspect]) -> list[str]:
    """What auto found."""
    if not suspects:
        return []
    lines = [f"{info.path.name}: found {len(suspects)} gaps"]
    for suspect in suspects[:LISTED]:
        length_ms = 1000 * (suspect.stop - suspect.start) / info.rate
        lines.append(f"  at {suspect.start / info.rate:.3f} s: {length_ms:.1f} ms, {suspect.kind}")
    if len(suspects) > LISTED:
        lines.append(f"  and {len(suspects) - LISTED} more")
    return lines
