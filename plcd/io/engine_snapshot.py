"""What a snapshot says of one engine; see docs/control.md."""

from plcd.core.counters import Counters
from plcd.core.engine import Engine
from plcd.core.format_bridge import FormatBridge
from plcd.core.frame import Origin
from plcd.io.outputs.base import Output


def frames(counters: Counters) -> dict[str, object]:
    """Frames played, and by what the least faithful sample of each was."""
    return {
        "played": counters.frames,
        "by_origin": {origin.label: counters.by_origin[origin] for origin in Origin},
    }


def source(engine: Engine) -> dict[str, object] | None:
    """Whose packets it plays."""
    stream = engine.newest_stream
    if stream is None:
        return None
    host, port, number = stream.source
    return {
        "address": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "stream": f"{number:08x}",
        "format": str(stream.format),
        "packet_samples": stream.usual_samples,
    }


def drift(engine: Engine) -> dict[str, object]:
    """How the sender's clock runs beside the output's, and whether it is followed."""
    resampled = engine.resampled
    ppm = resampled.ppm if resampled else None
    away = resampled.away if resampled else None
    return {
        "mode": engine.config.drift,
        "ppm": None if ppm is None else round(ppm, 1),
        "away_ms": None if away is None or not engine.rate else round(1000 * away / engine.rate, 3),
        "resampling": bool(resampled and resampled.running),
    }


def buffer(engine: Engine, bridge: FormatBridge | None, device: Output | None) -> dict[str, float]:
    """Milliseconds. ``latency_ms``: from a packet's arrival to the loudspeaker, as far as plcd and the device know."""
    rate = engine.rate or 1
    stream = engine.stream
    output = device.status() if device else None
    ring_ms, device_ms = (output.ring_ms, output.device_ms) if output else (0.0, 0.0)
    resampler_ms = 1000 * engine.resampled.delay / rate if engine.resampled else 0.0
    if bridge is not None:
        resampler_ms += 1000 * bridge.delay / bridge.rate
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
