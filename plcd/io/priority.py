"""Real-time priority for the calling thread, never for the process."""

import logging
import os
import threading

log = logging.getLogger("plcd.priority")

PRIORITY = 10
"""Low in the real-time range: above ordinary work, below any sound server."""


def raise_priority(quiet: bool = False) -> bool:
    """Put the calling thread in SCHED_FIFO (Linux). A refusal is logged with its remedy, unless another thread did
    (``quiet``); playing goes on without."""
    if not hasattr(os, "sched_setscheduler"):
        log.info("%s: this system sets thread priorities itself", threading.current_thread().name)
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))  # 0: the calling thread, on Linux
    except OSError as error:
        if quiet:
            return False
        log.warning(
            "no real-time priority for the audio engine (%s); under load there may be gaps: allow it by "
            "'@audio - rtprio 95' in /etc/security/limits.d/audio.conf and membership of the group audio",
            error.strerror,
        )
        return False
    return True
