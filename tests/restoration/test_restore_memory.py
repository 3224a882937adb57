"""Memory does not grow with the length of a file."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

LIMIT = 2 << 30
RATE = 44_100
CODE = """
import resource, sys
from pathlib import Path
from plcd.cli.main import main
code = main(["restore", sys.argv[1], "--gaps", sys.argv[2], "-o", sys.argv[3], *sys.argv[4:]])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if Path("/proc/self/status").exists():  # there ru_maxrss begins with that of whoever started the process
    peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(peak)
sys.exit(code)
"""


def peak_bytes(folder: Path, seconds: int, blind: bool = False) -> int:
    """Of the whole command on a stereo file with a gap of 12 ms every five seconds, and one of 46 ms near its end, by interpolate
    or blind."""
    path, trace = folder / f"{seconds}.wav", folder / f"{seconds}.txt"
    output = folder / f"{seconds}.out.wav"  # one that exists would be kept
    second = np.random.default_rng(0).normal(0, 0.1, (RATE, 2))
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        for _ in range(seconds):
            file.write(second)
    packets = -(-seconds * RATE // 512)
    lost = np.zeros(packets, np.bool_)
    lost[20 :: 5 * RATE // 512] = True
    lost[packets - 20 : packets - 16] = True
    trace.write_text("".join("1\n" if flag else "0\n" for flag in lost))
    how = ["blind", str(output), "--method", "res-u-net"] if blind else [str(trace), str(output)]
    command = [sys.executable, "-c", CODE, str(path), *how]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    path.unlink()
    return int(done.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.skipif(sys.platform == "win32", reason="resource usage is POSIX")
def test_ten_minutes_take_no_more_than_one(tmp_path: Path) -> None:
    peak_bytes(tmp_path, 2)  # compiles what is not in the cache yet
    short, long = peak_bytes(tmp_path, 60), peak_bytes(tmp_path, 600)
    assert long < short + 30 * 2**20  # the longer file has 95 MB more
    assert long < LIMIT / 4


@pytest.mark.skipif(sys.platform == "win32", reason="resource usage is POSIX")
def test_blind_two_minutes_take_no_more_than_a_quarter(tmp_path: Path) -> None:
    short, long = peak_bytes(tmp_path, 30, True), peak_bytes(tmp_path, 120, True)
    assert long < short + 12 * 2**20  # the longer file has 60 MB more as samples
    assert long < LIMIT / 4
