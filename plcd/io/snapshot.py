"""The daemon's state as one JSON-ready dictionary; the schema is described in docs/control.md."""

import time
from collections import Counter
from typing import TYPE_CHECKING

from plcd import __version__
from plcd.core.frame import Origin
from plcd.core.refined import RefinerCounters
from plcd.wire.errors import Reason

if TYPE_CHECKING:
    from plcd.io.engine_thread import EngineThread

SCHEMA = "plcd.snapshot/1"


def take(thread: "EngineThread", started: float) -> dict[str, object]:
    """Called on the engine's thread. ``started``: monotonic seconds at which the daemon began."""
    engine, intake, receiver = thread.engine, thread.intake, thread.receiver
    counters = engine.counters
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
        "source": _source(thread),
        "packets": packets,
        "srtp": intake.unprotector.profile if intake.unprotector else None,
        "reply": thread.session.snapshot() if thread.session else None,
        "frames": {
            "played": counters.frames,
            "by_origin": {origin.label: counters.by_origin[origin] for origin in Origin},
        },
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
        "buffer": _buffer(thread),
        "drift": _drift(thread),
        "timing_ms": {"conceal": tallies.conceal.summary_ms(), "frame": tallies.frame.summary_ms()},
        **_predictor(thread),
        "ahead": thread.ahead.snapshot(engine),
        "lookahead": "auto" if engine.config.lookahead is None else engine.config.lookahead,
        "model": thread.runner.name if thread.runner else None,
        "network": _network(thread),
        "output": output.name if output else None,
        "recording": thread.recorder.status() if thread.recorder else None,
        "capture": thread.capture.status() if thread.capture else None,
    }


def _predictor(thread: "EngineThread") -> dict[str, object]:
    """What is in use once a stream plays; before that what was asked for."""
    config, choice = thread.engine.config, thread.engine.choice
    named = "auto" if config.predictor is None else str(config.predictor)
    return {
        "predictor": named if choice is None else str(choice.ensemble),
        "predictor_auto": config.predictor is None,
        "predictor_fallback": None if choice is None else str(choice.fallback),
        "noise": config.noise,
    }


def _network(thread: "EngineThread") -> dict[str, object] | None:
    """What the network does, and how well it does."""
    runner, filler = thread.runner, thread.engine.filler
    if runner is None and thread.model_failure is None:
        return None
    made = filler.opener.refinements if filler else RefinerCounters()
    gate = filler.opener.trials.gate if filler else None
    return {
        "kind": runner.network.kind if runner else None,
        "refused": thread.engine.refused if runner else thread.model_failure,
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


def _source(thread: "EngineThread") -> dict[str, object] | None:
    stream = thread.engine.newest_stream
    if stream is None:
        return None
    host, port, number = stream.source
    return {
        "address": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "stream": f"{number:08x}",
        "format": str(stream.format),
        "packet_samples": stream.packet_samples,
    }


def _drift(thread: "EngineThread") -> dict[str, object]:
    """How the sender's clock runs beside the output's, and whether it is followed."""
    resampled = thread.engine.resampled
    ppm = resampled.ppm if resampled else None
    return {
        "mode": thread.engine.config.drift,
        "ppm": None if ppm is None else round(ppm, 1),
        "resampling": bool(resampled and resampled.running),
    }


def _buffer(thread: "EngineThread") -> dict[str, float]:
    """Milliseconds. ``latency_ms``: from a packet's arrival to the loudspeaker, as far as plcd and the device know."""
    engine = thread.engine
    rate = engine.rate or 1
    stream = engine.stream
    output = thread.output.status() if thread.output else None
    ring_ms, device_ms = (output.ring_ms, output.device_ms) if output else (0.0, 0.0)
    resampler_ms = 1000 * engine.resampled.delay / rate if engine.resampled else 0.0
    if thread.bridge is not None:
        resampler_ms += 1000 * thread.bridge.delay / thread.bridge.rate
    if stream is None and engine.depth.ms is not None:
        depth_ms = engine.depth.ms
    else:
        depth_ms = (
            1000 * (stream.depth if stream else engine.depth.samples(rate, engine.config.packet)) / rate
        )
    return {
        "depth_ms": round(depth_ms, 3),
        "level_ms": round(1000 * max(0, stream.level()) / rate, 3) if stream else 0.0,
        "resampler_ms": round(resampler_ms, 3),
        "ring_ms": round(ring_ms, 3),
        "device_ms": round(device_ms, 3),
        "latency_ms": round(depth_ms + resampler_ms + ring_ms + device_ms, 3),
    }
