"""All recordings of one ``plcd restore``: one after the other here, or several at once on a cluster."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from typing import Final

from rich.markup import escape
from rich.progress import Progress, TaskID

from plcd.cli.cluster import dask_pool
from plcd.cli.restore_jobs import Job
from plcd.cli.restore_view import bars, tell
from plcd.cli.restore_work import Advanced, Done, Settings, Sized, work, work_blind
from plcd.restoration.blind import BlindRestorer
from plcd.restoration.methods import make, make_blind
from plcd.restoration.remote import Remote
from plcd.restoration.restorer import Restorer

Work = Callable[[Job, Settings, Sized, Advanced], Done]
_MOST_AT_ONCE: Final = 64
"""Files: each has a thread that reads and writes it here, and more would hardly keep a larger cluster busy."""


def run_here(jobs: tuple[Job, ...], settings: Settings) -> list[Done]:
    """Do them one after the other, with a bar for the one in work. Raises RestorationError where the method is not there."""
    do: Work
    if jobs[0].blind:
        do = partial(_blindly, restorer=make_blind(settings.method, settings.options))
    else:
        do = partial(_knowing, restorer=make(settings.method, settings.options))
    finished: list[Done] = []
    with bars() as progress:
        for number, job in enumerate(jobs, 1):
            place = f"{number}/{len(jobs)} " if len(jobs) > 1 else ""
            done = _show(job, settings, do, progress, place)
            tell(progress, done, len(jobs) == 1)
            finished.append(done)
    return finished


def run_on_cluster(address: str, jobs: tuple[Job, ...], settings: Settings) -> list[Done]:
    """The same by the cluster whose scheduler is at ``address``; in the order of ``jobs`` too.

    As many files at once as it has threads: the gaps of one file are restored in order, since earlier ones count as known. Raises
    CliError where there is no cluster, RestorationError where it does not have the method.
    """
    stopped = threading.Event()
    with dask_pool(address) as (pool, width):
        do = partial(_knowing, restorer=Remote(settings.method, settings.options, pool, stopped))
        with ThreadPoolExecutor(min(width, len(jobs), _MOST_AT_ONCE)) as files, bars() as progress:
            running: list[Future[Done]] = [
                files.submit(_show, job, settings, do, progress, f"{number}/{len(jobs)} ")
                for number, job in enumerate(jobs, 1)
            ]
            try:
                for future in as_completed(running):
                    tell(progress, future.result(), len(jobs) == 1)
            except BaseException:
                stopped.set()
                for future in running:
                    future.cancel()
                raise
    return [future.result() for future in running]


def _knowing(job: Job, settings: Settings, sized: Sized, advanced: Advanced, restorer: Restorer) -> Done:
    return work(job, settings, restorer, sized, advanced)


def _blindly(job: Job, settings: Settings, sized: Sized, advanced: Advanced, restorer: BlindRestorer) -> Done:
    return work_blind(job, settings, restorer, sized, advanced)


def _show(job: Job, settings: Settings, do: Work, progress: Progress, place: str) -> Done:
    task = progress.add_task(place + escape(job.source.name), total=None)
    try:
        return do(job, settings, partial(_size, progress, task), partial(progress.advance, task))
    finally:
        progress.remove_task(task)


def _size(progress: Progress, task: TaskID, samples: int) -> None:
    progress.update(task, total=samples)
