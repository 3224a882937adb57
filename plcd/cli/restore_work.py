"""One recording of ``plcd restore``: read, its gaps found, restored or previewed; every failure as one line."""

from collections.abc import Callable
from dataclasses import dataclass, field

from plcd.cli.errors import CliError
from plcd.cli.restore_jobs import Job, find_gaps
from plcd.offline.audio_files import AudioFileError, AudioInfo, read_info
from plcd.restoration.blind import BlindRestorer, restore_blind
from plcd.restoration.detect import Suspect
from plcd.restoration.errors import RestorationError
from plcd.restoration.gap_lists import Gaps
from plcd.restoration.methods import Options, make, make_blind
from plcd.restoration.preview import preview_file, preview_groups
from plcd.restoration.restore import restore_file
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
    job: Job, settings: Settings, sized: Sized = lambda _: None, advanced: Advanced = lambda _: None
) -> Done:
    """Do ``job``. ``sized`` hears how many samples there are to restore, ``advanced`` by how many the work went on."""
    done = Done(job)
    try:
        if job.blind:
            _renew(done, make_blind(settings.method, settings.options), sized, advanced)
        else:
            _work(done, settings, make(settings.method, settings.options), sized, advanced)
    except (AudioFileError, RestorationError) as error:
        done.failure = str(error)
    except CliError as error:
        done.failure = error.message
    return done


def _work(done: Done, settings: Settings, restorer: Restorer, sized: Sized, advanced: Advanced) -> None:
    job = done.job
    info = read_info(job.source)
    reach = restorer.reach(info.rate)
    digest = digest_of(job.source)
    found, suspects = find_gaps(job, info, digest, settings.packet)
    done.said += found.notes
    if job.gaps is None:
        done.said += _listed(info, suspects)
    groups = list(grouped(found.gaps, reach))
    done.left = len(longer_than(found.gaps, reach.longest))
    if not groups:
        done.said.append(_nothing(info, found.gaps, found.source, reach))
        return
    if settings.preview:
        groups = preview_groups(info, found.gaps, restorer)
    sized(sum(group.missing for group in groups))
    if settings.preview:
        preview_file(info, found.gaps, job.output, restorer, advanced)
    else:
        outcome = restore_file(info, digest, found.gaps, job.output, restorer, advanced)
        if outcome.resumed:
            done.said.append(
                f"{job.output.name}: {outcome.resumed / info.rate:.1f} s of gaps were there from an earlier run"
            )
    done.gaps = sum(len(group.gaps) for group in groups)
    done.seconds = sum(group.missing for group in groups) / info.rate
    done.written = True


def _renew(done: Done, restorer: BlindRestorer, sized: Sized, advanced: Advanced) -> None:
    info = read_info(done.job.source)
    restorer.pace(info.rate)
    sized(info.samples)
    outcome = restore_blind(info, digest_of(done.job.source), done.job.output, restorer, advanced)
    if outcome.resumed:
        done.said.append(
            f"{done.job.output.name}: {outcome.resumed / info.rate:.1f} s were there from an earlier run"
        )
    done.seconds = outcome.samples / info.rate
    done.written = True


def _nothing(info: AudioInfo, gaps: Gaps, source: str, reach: Reach) -> str:
    """Why no file is written."""
    if len(gaps):
        longest = 1000 * reach.longest / info.rate
        return f"{info.path.name}: nothing written: all {len(gaps)} gaps are longer than the {longest:.0f} ms of this method"
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
