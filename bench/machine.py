"""What the figures were measured on, and how they are written down."""

import importlib.metadata
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np

PACKAGES = ("plcd", "numpy", "numba", "llvmlite", "pyzmq", "uvloop", "soundfile")


def describe() -> dict[str, object]:
    """Processor, cores, load, system and versions."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": _processor(),
        "vector": _vector(),
        "cores": os.cpu_count() or 0,
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES if _installed(name)},
    }


def described() -> str:
    """:func:`describe` as one line of a page."""
    return ", ".join(f"{name} {value}" for name, value in describe().items())


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _cpuinfo(field: str) -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(field):
                return line.partition(":")[2].strip()
    return ""


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _vector() -> str:
    flags = _cpuinfo("flags").split()
    return "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else platform.machine()


def pin() -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def percentiles_ms(durations_ns: list[int]) -> dict[str, float]:
    """p50, p99, max and mean in milliseconds."""
    values = np.array(durations_ns) / 1e6
    return {
        "p50": round(float(np.percentile(values, 50)), 4),
        "p99": round(float(np.percentile(values, 99)), 4),
        "max": round(float(values.max()), 4),
        "mean": round(float(values.mean()), 4),
        "n": len(durations_ns),
    }


def progress(text: str) -> None:
    """A line on stderr saying what is being measured."""
    print(f"  {text}", file=sys.stderr, flush=True)
