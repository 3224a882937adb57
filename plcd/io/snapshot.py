"""The daemon's state as one JSON-ready dictionary; the schema is described in docs/control.md."""

import time
from collections import Counter
from typing import TYPE_CHECKING

from plcd import __version__
from plcd.core.mixer import Mixer
from plcd.io import engine_snapshot, mix_snapshot
from plcd.wire.errors import Reason

if TYPE_CHECKING:
    from plcd.io.engine_thread import EngineThread

SCHEMA = "plcd.snapshot/1"


def take(thread: "EngineThread", started: float) -> dict[str, object]:
    """Called on the engine's thread. ``started``: monotonic seconds at which the daemon began."""
    engine, intake, receiver = thread.engine, thread.intake, thread.receiver
    lead, counters = engine.lead, engine.counters
    mixer = engine if isinstance(engine, Mixer) else None
    packets: dict[str, object] = dict(engine.packets())
    packets["foreign"] = counters.foreign + (receiver.foreign if receiver else 0)
    packets["kernel_dropped"] = receiver.kernel_dropped if receiver else 0
    packets["zeroed"] = intake.formats.zeroed
    packets["queue_dropped"] = receiver.queue_dropped if receiver else 0
    packets["parity"] = intake.formats.rtp.parity
    malformed = intake.malformed + Counter({Reason.PARITY: intake.formats.rtp.spoiled})
    packets["malformed"] = {str(reason): count for reason, count in malformed.items()}
    packets["refused"] = {str(reason): count for reason, count in (intake.refused + counters.refused).items()}
    output = thread.output.status() if thread.output else None
    tallies = thread.tallies
    return {
        "schema": SCHEMA,
        "version": __version__,
        "time": time.time(),
        "uptime_s": round(time.monotonic() - started, 3),
        "state": engine.state,
        "source": engine_snapshot.source(lead),
        "packets": packets,
        "srtp": intake.unprotector.profile if intake.unprotector else None,
        "reply": thread.session.snapshot() if thread.session else None,
        "frames": engine_snapshot.frames(counters),
        "events": {
            "reanchored": counters.reanchored,
            "grown": counters.grown,
            "shrunk": counters.shrunk,
            "restarts": max(0, counters.streams - 1),
            "underruns": output.underruns if output else 0,
            "missed_deadlines": tallies.missed_deadlines,
            "model_late": thread.runner.late if thread.runner else 0,
            "device_lost": bool(output and output.lost),
        },
        "buffer": engine_snapshot.buffer(lead, mixer.bridge if mixer else thread.bridge, thread.output),
        "drift": engine_snapshot.drift(lead),
        "timing_ms": {"conceal": tallies.conceal.summary_ms(), "frame": tallies.frame.summary_ms()},
        **_predictor(thread),
        "ahead": thread.ahead.snapshot(engine),
        "lookahead": "auto" if engine.config.lookahead is None else engine.config.lookahead,
        "model": thread.runner.name if thread.runner else None,
        "network": _network(thread),
        "output": output.name if output else None,
        "recording": thread.recorder.status() if thread.recorder else None,
        "capture": thread.capture.status() if thread.capture else None,
        "mix": mix_snapshot.mix(mixer) if mixer else None,
        "peers": mix_snapshot.peers(mixer, thread.output, thread.peer_recorders) if mixer else None,
    }


def _predictor(thread: "EngineThread") -> dict[str, object]:
    """What is in use once a stream plays; before that what was asked for."""
    config, choice = thread.engine.config, thread.engine.lead.choice
    named = "auto" if config.predictor is None else str(config.predictor)
    return {
        "predictor": named if choice is None else str(choice.ensemble),
        "predictor_auto": config.predictor is None,
        "predictor_fallback": None if choice is None else str(choice.fallback),
        "noise": config.noise,
    }


def _network(thread: "EngineThread") -> dict[str, object] | None:
    """What the network does, and how well it does."""
    runner, filler = thread.runner, thread.engine.lead.filler
    if runner is None and thread.model_failure is None:
        return None
    made = thread.engine.refinements
    gate = filler.opener.trials.gate if filler else None
    return {
        "kind": runner.network.kind if runner else None,
        "refused": thread.engine.lead.refused if runner else thread.model_failure,
        "shown": made.shown,
        "spoken": made.shown - made.missed,
        "withheld": made.withheld,
        "share": round(made.share, 4),
        "trials": made.trials,
        "untried": made.untried,
        "error_db": round(gate.network, 3) if gate and gate.trials else None,
        "predictor_error_db": round(gate.plain, 3) if gate and gate.trials else None,
        "ms": round(1000 * runner.whole_s, 3) if runner else None,
        "after_ms": round(1000 * runner.after_s, 3) if runner else None,
    }
