"""Records when a real sender's packets arrive on loopback: python bench/arrivals/capture.py NAME SECONDS [COMMAND ...]

PORT in the command becomes the port listened on. RTP and JackTrip packets are told apart by NAME (jacktrip...). What is kept, in
bench/data/arrivals/NAME.npz: rate, samples a packet, and for each packet its position in the stream (packets) and the kernel's
stamp of its arrival (microseconds from the first).
"""

import select
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "data" / "arrivals"
SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
JACKTRIP_RATES = {2: 44_100, 3: 48_000, 5: 96_000}


def listen(seconds: float, command: list[str], jacktrip: bool) -> tuple[list[tuple[int, int, int]], int]:
    """(sequence, samples, arrival in ns) of each packet, and the rate where the packet says it (else 0)."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.bind(("127.0.0.1", 0))
    words = [word.replace("PORT", str(sock.getsockname()[1])) for word in command]
    packets, rate = [], 0
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sender:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([sock], [], [], left)[0]:
                break
            data, ancillary, _, _ = sock.recvmsg(2048, 64)
            stamp = next(
                struct.unpack("qq", value[:16])
                for _, kind, value in ancillary
                if kind == SO_TIMESTAMPNS and len(value) >= 16
            )
            if jacktrip:
                _, sequence, samples, code = struct.unpack("<QHHB", data[:13])
                rate = JACKTRIP_RATES[code]
            else:
                sequence, samples = struct.unpack("!H", data[2:4])[0], (len(data) - 12) // 2
            packets.append((sequence, samples, stamp[0] * 1_000_000_000 + stamp[1]))
        sender.terminate()
    return packets, rate


def main() -> None:
    """Record one sender. Mono L16 is expected of RTP, at 44.1 kHz, at 48 kHz where NAME has 48k."""
    name, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    packets, rate = listen(seconds, command, name.startswith("jacktrip"))
    sequence = np.unwrap(np.array([one[0] for one in packets], dtype=np.float64), period=65536)
    arrival_ns = np.array([one[2] for one in packets])
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        FOLDER / f"{name}.npz",
        rate=rate or (48_000 if "48k" in name else 44_100),
        packet=int(np.median([one[1] for one in packets])),
        number=(sequence - sequence[0]).astype(np.int32),
        arrival_us=((arrival_ns - arrival_ns[0]) // 1000).astype(np.int64),
    )
    print(f"{name}: {len(packets)} packets")


if __name__ == "__main__":
    main()
