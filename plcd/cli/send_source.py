"""Where ``plcd send`` takes its audio from: a file, or a sound device."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from plcd.cli.errors import CliError, ExitCode
from plcd.core.frame import Samples
from plcd.io.capture import device_blocks
from plcd.io.outputs.base import DeviceError
from plcd.offline.audio_files import AudioFileError, AudioInfo, read_blocks, read_info

_BLOCK = 4096
"""Samples read from a file at a time: a fraction of a millisecond to decode."""

DEVICE_RATE_HZ = 44_100
DEVICE_CHANNELS = 1
"""Mono at 44.1 kHz has a static payload type: every receiver knows it."""


class Source(NamedTuple):
    """Audio to send."""

    rate: int
    channels: int
    samples: int | None
    """None: without end."""
    blocks: Iterator[Samples]
    """Reading raises AudioFileError or DeviceError."""
    live: bool
    """It keeps its own time."""


def open_source(args: argparse.Namespace, advance: Callable[[int], None]) -> Source:
    """The file of this name; if there is none and the name does not look like one, the device.

    ``advance`` is told how many samples of a file have been read. Raises CliError.
    """
    path = Path(args.source)
    if not path.exists() and not path.suffix and len(path.parts) == 1:
        rate = DEVICE_RATE_HZ if args.rate is None else args.rate
        channels = DEVICE_CHANNELS if args.channels is None else args.channels
        try:
            blocks = device_blocks(args.source, rate, channels, args.packet)
        except DeviceError as error:
            raise CliError(f"no file {args.source}, and {error}", ExitCode.DEVICE) from None
        return Source(rate, channels, None, blocks, live=True)
    if args.rate is not None or args.channels is not None:
        raise CliError("--rate and --channels are for sound devices: a file has its own", ExitCode.USAGE)
    if args.loop < 0:
        raise CliError(f"--loop {args.loop}: give how often to play the file, or 0 for ever", ExitCode.USAGE)
    try:
        info = read_info(path)
    except AudioFileError as error:
        raise CliError(str(error), ExitCode.FILE) from None
    total = info.samples * args.loop or None
    return Source(info.rate, info.channels, total, file_blocks(info, args.loop, advance), live=False)


def file_blocks(info: AudioInfo, times: int, advance: Callable[[int], None]) -> Iterator[Samples]:
    """The file's samples, ``times`` times (0: for ever) without a gap. Raises AudioFileError."""
    played = 0
    while times == 0 or played < times:
        for block in read_blocks(info, _BLOCK):
            if not np.isfinite(block).all():
                raise AudioFileError(f"{info.path}: holds NaN or infinite samples")
            yield block.astype(np.float32)
            advance(len(block))
        played += 1
