"""Plays numbered samples on a device until told to stop: the program under the sound server tests.

Sample k of the left channel is ``(k + 1) / 2^22``, exact in float32 for 95 s at 44.1 kHz and never silence; the right
channel is its negative. Arguments: device, samples a period, kind of callback. Prints a JSON object at the start, and
another at the end, which comes with the end of stdin.
"""

import json
import logging
import sys
import threading

import numpy as np

from plcd.core.frame import Origin, PlayedFrame
from plcd.io.outputs.device import DeviceOutput

RATE = 44_100
SCALE = 2.0**22


def listen(told: threading.Event) -> None:
    """Until stdin ends."""
    sys.stdin.read()
    told.set()


def main(device: str, period: int, kind: str) -> None:
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
    output = DeviceOutput(None if device == "default" else device, RATE, 2, period, kind)
    output.start(0)
    told = threading.Event()
    threading.Thread(target=listen, args=(told,), daemon=True).start()
    position = lost_frames = 0
    instants_ordered = True
    last_ns = 0
    while not told.is_set():
        now_ns = output.wait()
        instants_ordered &= now_ns >= last_ns
        last_ns = now_ns
        ramp = ((np.arange(position, position + period) + 1) / SCALE).astype(np.float32)
        output.write(PlayedFrame(np.stack((ramp, -ramp), axis=1), Origin.RECEIVED))
        if position == 0:
            print(json.dumps({"playing": output.status().name}), flush=True)
        position += period
        lost_frames += output.status().lost
    status = output.status()
    facts = {
        "played": position,
        "kind": output.callback_kind,
        "ring_ms": status.ring_ms,
        "device_ms": status.device_ms,
        "lost_frames": lost_frames,
        "lost": status.lost,
        "ordered": instants_ordered,
    }
    output.close()
    output.close()
    facts |= {"underruns": output.status().underruns, "host_underruns": output.host_underruns}
    print(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
