"""What a sound device hears, to standard output: a process of its own, run by :mod:`plcd.io.inputs.capture`.

It is one because finding a device that came back needs PortAudio to begin anew, which would end the output's stream, and
because a device that is gone may hang whoever reads it. It imports little, and starts in a tenth of a second.

First a line of JSON: ``{"name", "rate", "channels", "samples"}``, or ``{"error"}``. Then blocks: a little-endian 32-bit count
of the stretches lost so far, and ``samples * channels`` float32 of this machine. :data:`FAILED` in the count's place: a line
of JSON with the error, and the end.
"""

import contextlib
import json
import os
import queue
import struct
import sys
import threading
from typing import Any

FAILED = 0xFFFFFFFF
PRIORITY = 10
"""As in :mod:`plcd.io.priority`."""
COUNT = struct.Struct("<I")
LOOK_S = 0.25
"""How often to see whether the stream is still alive while it gives nothing."""
MOST_BLOCKS = 64
Blocks = queue.Queue[tuple[bytes, bool]]
"""Audio, and whether some before it was lost."""


def main() -> None:
    """Capture until standard input ends. Argument: JSON ``{"device", "rate", "channels", "samples"}``; with ``"look"`` in it only
    whether the device is there is said."""
    pipe = os.dup(1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):  # libraries chat there
        os.dup2(quiet, number)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    blocks: Blocks = queue.Queue(MOST_BLOCKS)
    wanted = json.loads(sys.argv[1])
    try:
        if wanted.get("look"):
            _find(wanted["device"])
            _write(pipe, _line({}))
            return
        stream, form = _open(wanted, blocks)
        stream.start()
    except Exception as error:  # PortAudioError is a class of a module that may not load
        _write(pipe, _line({"error": _explain(error)}))
        return
    _write(pipe, _line(form))
    with contextlib.suppress(AttributeError, OSError):  # without it, as good as it goes
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    lost = 0
    while True:
        try:
            block, overflowed = blocks.get(timeout=LOOK_S)
        except queue.Empty:
            if stream.active:
                continue
            _write(pipe, COUNT.pack(FAILED) + _line({"error": "its stream has ended"}))
            return
        lost += overflowed
        _write(pipe, COUNT.pack(lost) + block)


def _open(wanted: dict[str, Any], blocks: Blocks) -> tuple[Any, dict[str, Any]]:
    """At the rate that is wanted if the device has it, else at its own; with as many channels as it has.

    Its callback fills ``blocks``: PortAudio's blocking way corrupts memory over JACK (19.6).
    """
    dropped = False

    def take(block: Any, _samples: int, _time: Any, status: Any) -> None:
        nonlocal dropped
        try:
            blocks.put_nowait((bytes(block), bool(status.input_overflow) or dropped))
            dropped = False
        except queue.Full:
            dropped = True

    sounddevice, info = _find(wanted["device"])
    channels = max(1, min(wanted["channels"], info["max_input_channels"]))
    own = round(info["default_samplerate"])
    host = sounddevice.query_hostapis(info["hostapi"])["name"]
    for rate in (wanted["rate"], own):
        samples = max(1, round(wanted["samples"] * rate / wanted["rate"]))
        try:
            stream = sounddevice.RawInputStream(
                device=int(info["index"]),
                samplerate=rate,
                channels=channels,
                dtype="float32",
                blocksize=samples,
                latency="low",
                callback=take,
            )
        except sounddevice.PortAudioError:
            if rate == own:
                raise
            continue
        form = {"name": f"{info['name']}, {host}", "rate": rate, "channels": channels, "samples": samples}
        return stream, form
    raise AssertionError


def _find(device: str | int | None) -> tuple[Any, Any]:
    import sounddevice

    return sounddevice, sounddevice.query_devices(device, kind="input")


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _write(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]


def _explain(error: Exception) -> str:
    """On one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _end_with_parent() -> None:
    """Standard input ends when the daemon does, however it does; a device may keep the main thread for ever."""
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    import signal

    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a terminal's Ctrl-C is for the daemon, which then ends this
    try:
        main()
    except BrokenPipeError:
        os._exit(0)
