"""GStreamer and ffmpeg, installed where they can be, and pipelines of a tone."""

import shutil
import subprocess

import apt_packages

PACKAGES = (
    "gstreamer1.0-tools",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
    "ffmpeg",
)
ELEMENTS = ("rtpL16pay", "rtpredenc", "rtpulpfecenc", "srtpenc", "srtpdec")


def _present() -> bool:
    if shutil.which("ffmpeg") is None or shutil.which("gst-inspect-1.0") is None:
        return False
    return all(
        subprocess.run(["gst-inspect-1.0", "--exists", name], capture_output=True, check=False).returncode
        == 0
        for name in ELEMENTS
    )


def missing() -> str:
    """Empty when all is here, installed if need be and possible; else why not."""
    return apt_packages.provide(_present, PACKAGES, "GStreamer with its good and bad plugins")


def tone(to: tuple[str, int], stages: str, samples: int = 256, seconds: float = 1.5) -> list[str]:
    """A command that sends a tone in packets of ``samples``, mono at 44.1 kHz, through the elements ``stages``."""
    buffers = round(seconds * 44_100 / samples)
    source = f"audiotestsrc is-live=true wave=sine freq=440 volume=0.5 samplesperbuffer={samples} num-buffers={buffers}"
    pay = f"audio/x-raw,format=S16BE,rate=44100,channels=1 ! rtpL16pay mtu={12 + 2 * samples} pt=11"
    chain = f"{source} ! {pay} ! {stages} ! udpsink host={to[0]} port={to[1]}"
    return f"gst-launch-1.0 -q {chain}".split()
