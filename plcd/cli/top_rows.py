"""What ``plcd top`` says of a snapshot: labelled lines, the same for the live view and for plain text.

A snapshot may come from another version of plcd: what is missing shows as a dash, what is unknown is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard


@dataclass(frozen=True, slots=True)
class Row:
    """One line. ``share``: 0 .. 1 where a bar goes with it."""

    label: str
    value: str
    share: float | None = None
    alarm: bool = False
    """Whether somebody ought to look at it."""


def rows(snapshot: Mapping[str, Any]) -> Iterator[Row]:
    """The lines of one snapshot, in the order they are shown."""
    recording = snapshot.get("recording")
    yield Row("state", f"{_text(snapshot.get('state'))}, up {_duration(snapshot.get('uptime_s'))}")
    yield Row("source", _source(_part(snapshot, "source")))
    if snapshot.get("srtp"):
        yield Row("srtp", _text(snapshot["srtp"]))
    yield from _buffer(_part(snapshot, "buffer"))
    yield from _drift(_part(snapshot, "drift"))
    yield from _packets(_part(snapshot, "packets"))
    yield from _reply(_part(snapshot, "reply"))
    yield from _mix(_part(snapshot, "mix"), snapshot.get("peers"))
    yield from _frames(_part(snapshot, "frames"))
    for name, label in (("conceal", "conceal"), ("frame", "whole frame")):
        yield Row(label, _timing(_part(_part(snapshot, "timing_ms"), name)))
    yield from _events(_part(snapshot, "events"))
    yield Row(
        "predictor",
        f"{_predictor(snapshot)}, lookahead {_text(snapshot.get('lookahead'))}, "
        f"model {_text(snapshot.get('model'))}",
    )
    yield from _network(_part(snapshot, "network"), snapshot.get("model"), _part(snapshot, "events"))
    yield Row("ahead", _ahead(_part(snapshot, "ahead")))
    yield from _prepared(_part(snapshot, "ahead"))
    yield Row("output", _text(snapshot.get("output")))
    yield _recording(recording if isinstance(recording, Mapping) else None)
    yield from _capture(_part(snapshot, "capture"))


def _source(source: Mapping[str, Any]) -> str:
    if not source:
        return "none yet"
    return (
        f"{_text(source.get('address'))}, stream {_text(source.get('stream'))}, "
        f"{_text(source.get('format'))}, packets of {_count(source.get('packet_samples'))}"
    )


def _buffer(buffer: Mapping[str, Any]) -> Iterator[Row]:
    level, depth = buffer.get("level_ms"), buffer.get("depth_ms")
    # The bar's middle is the depth: at either end the level would be re-anchored.
    share = level / (2 * depth) if _number(level) and _number(depth) and depth > 0 else None
    yield Row("buffer", f"{_ms(level)} held, depth {_ms(depth)}", share)
    names = (
        ("depth", "resampler", "ring", "device")
        if buffer.get("resampler_ms")
        else ("depth", "ring", "device")
    )
    parts = " + ".join(f"{name} {_ms(buffer.get(f'{name}_ms'))}" for name in names)
    yield Row("latency", f"{_ms(buffer.get('latency_ms'))} = {parts}")


def _drift(drift: Mapping[str, Any]) -> Iterator[Row]:
    ppm = drift.get("ppm")
    if drift:
        doing = "resampling" if drift.get("resampling") else "not resampled"
        yield Row(
            "clock", f"{f'{ppm:+.1f} ppm' if _number(ppm) else '-'}, {doing} ({_text(drift.get('mode'))})"
        )


def _packets(packets: Mapping[str, Any]) -> Iterator[Row]:
    lost, expected = packets.get("lost"), packets.get("expected")
    yield Row(
        "packets",
        f"{_count(packets.get('received'))} received, {_count(packets.get('on_time'))} on time, "
        f"{_count(packets.get('late'))} late, {_count(lost)} lost ({_percent(lost, expected)})",
    )
    others = (
        "recovered_by_copy",
        "recovered_by_parity",
        "parity",
        "reordered",
        "duplicate",
        "foreign",
        "stray",
        "kernel_dropped",
        "queue_dropped",
    )
    seen = [(name, packets[name]) for name in others if _number(packets.get(name)) and packets[name]]
    if seen:
        dropped = any(name.endswith("_dropped") for name, _ in seen)
        yield Row("", ", ".join(f"{_count(n)} {_words(name)}" for name, n in seen), alarm=dropped)
    for kind in ("malformed", "refused"):
        reasons = {name: n for name, n in _part(packets, kind).items() if _number(n) and n}
        if reasons:
            yield Row(
                kind, ", ".join(f"{_count(n)} {_words(name)}" for name, n in reasons.items()), alarm=True
            )


def _reply(reply: Mapping[str, Any]) -> Iterator[Row]:
    if reply:
        value = f"{_count(reply.get('packets'))} packets to {_text(reply.get('to') or 'nobody yet')}"
        trouble = {"unsent": "not taken by the system", "withheld": "withheld: more than came"}
        seen = [
            (words, reply[name])
            for name, words in trouble.items()
            if _number(reply.get(name)) and reply[name]
        ]
        yield Row(
            "reply", ", ".join((value, *(f"{_count(n)} {words}" for words, n in seen))), alarm=bool(seen)
        )
    source = _part(reply, "input")
    if source:
        gone = ", gone: silence is sent" if source.get("lost") else ""
        value = f"{_text(source.get('name'))}, {_count(source.get('underruns'))} underruns{gone}"
        yield Row("input", value, alarm=bool(gone))


def _mix(mix: Mapping[str, Any], peers: object) -> Iterator[Row]:
    if not mix or not isinstance(peers, list):
        return
    yield Row(
        "mix",
        f"{len(peers)} of at most {_count(mix.get('max_peers'))} peers, {_count(mix.get('joined'))} so far; "
        f"limiter {_db(mix.get('limiter_db'))}, {_count(mix.get('limited'))} frames held down",
    )
    for peer in (peer for peer in peers if isinstance(peer, Mapping)):
        packets, buffer = _part(peer, "packets"), _part(peer, "buffer")
        ppm = _part(peer, "drift").get("ppm")
        lost, expected = packets.get("lost"), packets.get("expected")
        yield Row(
            f"  peer {_count(peer.get('number'))}",
            f"{_text(peer.get('address'))}, {_text(peer.get('format'))}, {_text(peer.get('state'))}, {_db(peer.get('gain_db'))}; "
            f"{_count(lost)} lost ({_percent(lost, expected)}), {_count(packets.get('late'))} late; "
            f"{_ms(buffer.get('level_ms'))} held, depth {_ms(buffer.get('depth_ms'))}, "
            f"clock {f'{ppm:+.1f} ppm' if _number(ppm) else '-'}",
        )


def _frames(frames: Mapping[str, Any]) -> Iterator[Row]:
    played = frames.get("played")
    yield Row("frames", f"{_count(played)} played")
    for origin, number in _part(frames, "by_origin").items():
        share = number / played if _number(number) and _number(played) and played else None
        yield Row(f"  {_text(origin)}", f"{_count(number)} ({_percent(number, played)})", share)


def _timing(timing: Mapping[str, Any]) -> str:
    figures = ", ".join(f"{name} {_ms(timing.get(name), 2)}" for name in ("p50", "p99", "max"))
    return f"{figures} of {_count(timing.get('count'))}"


def _events(events: Mapping[str, Any]) -> Iterator[Row]:
    bad = ("underruns", "missed_deadlines", "device_lost")
    alarm = any(events.get(name) for name in bad)
    yield Row("events", ", ".join(f"{_words(name)} {_count(events.get(name))}" for name in bad), alarm=alarm)
    rest = [name for name in events if name not in bad]
    if rest:
        yield Row("", ", ".join(f"{_words(name)} {_count(events[name])}" for name in rest))


def _predictor(snapshot: Mapping[str, Any]) -> str:
    name, fallback = _text(snapshot.get("predictor")), _text(snapshot.get("predictor_fallback"))
    if snapshot.get("predictor_auto") is True and name != "auto":
        name = f"auto: {name}"
    return name if fallback in ("-", _text(snapshot.get("predictor"))) else f"{name}, else {fallback}"


def _ahead(ahead: Mapping[str, Any]) -> str:
    share = ahead.get("share")
    return (
        f"{_count(ahead.get('ready'))} holes ready, {_count(ahead.get('missing'))} not; "
        f"{_count(ahead.get('fits'))} fits, skipped {_count(ahead.get('skipped'))} times, "
        f"{_percent(share, 1)} of a core"
    )


def _prepared(ahead: Mapping[str, Any]) -> Iterator[Row]:
    if "run_ahead" in ahead:
        yield Row(
            "prepared",
            f"{_count(ahead.get('prepared'))} packets before a loss was known, {_count(ahead.get('used'))} used; "
            f"passed {_count(ahead.get('passed'))} times; run ahead {_text(ahead['run_ahead'])}",
        )


def _network(network: Mapping[str, Any], name: object, events: Mapping[str, Any]) -> Iterator[Row]:
    if not network:
        return
    if network.get("refused"):
        yield Row("network", _text(network["refused"]), alarm=True)
        return
    share = network.get("share")
    yield Row(
        "network",
        f"{_text(name)}: {_percent(share, 1)} of the blocks of holes, spoke {_count(network.get('spoken'))} times of "
        f"{_count(network.get('shown'))}, late {_count(events.get('model_late'))}, withheld {_count(network.get('withheld'))}; "
        f"{_ms(network.get('ms'))} each, {_ms(network.get('after_ms'))} after a loss",
        share if _number(share) else None,
    )
    yield Row(
        "",
        f"tried {_count(network.get('trials'))} times, error {_db(network.get('error_db'))}, "
        f"the predictor's {_db(network.get('predictor_error_db'))}",
    )


def _recording(recording: Mapping[str, Any] | None) -> Row:
    if recording is None:
        return Row("recording", "off")
    error = recording.get("error")
    state = f"stopped: {_text(error)}" if error else f"{_count(recording.get('samples'))} samples"
    return Row("recording", f"{_text(recording.get('path'))}, {state}", alarm=bool(error))


def _capture(capture: Mapping[str, Any]) -> Iterator[Row]:
    """Shown where a session is written down."""
    if not capture:
        return
    error, dropped = capture.get("error"), capture.get("dropped")
    state = f"stopped: {_text(error)}" if error else f"{_count(capture.get('datagrams'))} datagrams"
    state += f", {_count(dropped)} dropped" if dropped else ""
    yield Row("capture", f"{_text(capture.get('path'))}, {state}", alarm=bool(error or dropped))


def _part(snapshot: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = snapshot.get(name)
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if _number(value) else "-"


def _ms(value: Any, digits: int = 1) -> str:
    return f"{value:.{digits}f} ms" if _number(value) else "-"


def _db(value: Any) -> str:
    return f"{value:.2f} dB" if _number(value) else "-"


def _percent(part: Any, whole: Any) -> str:
    return f"{100 * part / whole:.1f} %" if _number(part) and _number(whole) and whole else "-"


def _duration(seconds: Any) -> str:
    if not _number(seconds):
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _words(name: object) -> str:
    return _text(name).replace("_", " ")


def _text(value: object) -> str:
    """Printable whatever a peer sent, so that nothing steers the terminal."""
    text = "-" if value is None else str(value)
    return "".join(letter if letter.isprintable() else "?" for letter in text)
