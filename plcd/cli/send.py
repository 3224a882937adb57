"""``plcd send``: a paced sender of RTP or JackTrip that damages its own stream as a network would."""

import argparse
import contextlib
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from plcd.cli.address import parse_address
from plcd.cli.errors import CliError, ExitCode
from plcd.cli.send_source import DEVICE_CHANNELS, DEVICE_RATE_HZ, Source, open_source
from plcd.cli.srtp_key import load_srtp_key
from plcd.cli.traces import read_trace, write_trace
from plcd.core.impairment import Impairment
from plcd.core.loss import LOSS_SYNTAX, parse_loss
from plcd.core.packet import StreamFormat
from plcd.io.outputs.base import DeviceError
from plcd.io.sender import Sender, SendOptions, SendReport
from plcd.io.srtp import Protector
from plcd.offline.audio_files import AudioFileError
from plcd.wire import jacktrip
from plcd.wire.payload_map import DYNAMIC

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


ENCODINGS = ("L8", "L16", "L24")
ETHERNET_BYTES = 1452
"""What fits one Ethernet frame of 1500 bytes behind the headers of IPv6 and UDP."""


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "send",
        help="send an audio file or a sound device as RTP or JackTrip",
        description="Send audio as RTP (L16 or L24) or as JackTrip does (8, 16 or 24 bits), at the pace of its "
        "sample rate, with loss, jitter, reordering and duplicates on demand. The same seed gives the same damage.",
    )
    add = parser.add_argument
    add("source", metavar="FILE|DEVICE", help="audio file; or default, a sound device's number or name")
    add("--to", metavar="HOST:PORT", required=True, help="receiver; [::1]:PORT for IPv6")
    add("--loss", metavar="SPEC", default="none", help=f"{LOSS_SYNTAX} (default: %(default)s)")
    add("--jitter", metavar="MS", type=float, default=0.0, help="delay each packet by 0 to MS milliseconds")
    add("--reorder", metavar="P", type=float, default=0.0, help="probability to swap with the next packet")
    add("--duplicate", metavar="P", type=float, default=0.0, help="probability to send a packet twice")
    add("--ppm", metavar="N", type=float, default=0.0, help="run the sample clock fast by N millionths")
    add("--seed", metavar="N", type=int, default=0, help="of all that is random (default: %(default)s)")
    add("--packet", metavar="N", type=int, default=512, help="samples a packet (default: %(default)s)")
    add("--dump-trace", metavar="FILE", type=Path, help="write which packets were lost, for plcd conceal")
    add("--loop", metavar="N", type=int, default=1, help="play the file N times, 0 for ever (default: 1)")
    add("--format", choices=("rtp", "jacktrip"), default="rtp", help="(default: %(default)s)")
    add(
        "--redundancy",
        metavar="N",
        type=int,
        default=0,
        help="repeat N packets in each: in RTP by RFC 2198, in JackTrip as its -r N+1",
    )
    add(
        "--fec",
        metavar="K",
        type=int,
        default=0,
        help="RTP: send parity after every K packets (RFC 5109), which makes up for one of them; 0 is none",
    )
    add(
        "--encoding",
        choices=ENCODINGS,
        default="L16",
        help="bits a sample; RTP has no L8 (default: %(default)s)",
    )
    add(
        "--srtp-key",
        metavar="FILE",
        type=Path,
        help="send SRTP under the key in FILE, or in the variable PLCD_SRTP_KEY",
    )
    add("--payload-type", metavar="N", type=int, help="default: 10 or 11 where the format has one, else 96")
    add("--ssrc", metavar="N", type=_integer, help="stream number (default: from the seed)")
    add("--rate", metavar="HZ", type=int, help=f"of a sound device (default: {DEVICE_RATE_HZ})")
    add("--channels", metavar="N", type=int, help=f"of a sound device (default: {DEVICE_CHANNELS})")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send until the audio ends or a signal comes. Returns the exit code; raises CliError."""
    destination = parse_address(args.to)
    if not destination[0] or not destination[1]:
        raise CliError(f"--to {args.to} does not say where to: write it as 127.0.0.1:9000", ExitCode.ADDRESS)
    progress = _progress()
    task = progress.add_task("sending", total=None)
    try:
        impairment = Impairment(
            parse_loss(args.loss, read_trace),
            jitter_ms=args.jitter,
            reorder=args.reorder,
            duplicate=args.duplicate,
            seed=args.seed,
        )
        source = open_source(args, lambda samples: progress.advance(task, samples))
        progress.update(task, total=source.samples)
        stream = _stream(args, source)
        key = load_srtp_key(args.srtp_key, args.format)
        if key is not None and args.ssrc is not None:
            raise ValueError("--ssrc with an SRTP key would encrypt two streams alike: leave it away")
        # Never the same twice under one key (RFC 3711 section 9.1); the first number has a while to its first wrap (3.3.1).
        ssrc = args.ssrc if key is None else secrets.randbits(32)
        options = SendOptions(
            packet=args.packet,
            payload_type=args.payload_type,
            ppm=args.ppm,
            seed=args.seed,
            ssrc=ssrc,
            first_sequence=None if key is None else secrets.randbits(15),
            protect=None if key is None or ssrc is None else Protector(key, ssrc).protect,
            redundancy=args.redundancy,
            fec=args.fec,
            live=source.live,
        )
        sender = Sender(source.blocks, stream, destination, options, impairment)
    except ValueError as error:
        raise CliError(str(error), ExitCode.USAGE) from None
    except OSError as error:
        raise CliError(
            f"--to {args.to}: no address for this host ({error.strerror}): check its name", ExitCode.ADDRESS
        ) from None
    if args.dump_trace is not None:
        # Now, so that an hour of sending does not end in a path that cannot be written.
        write_trace(args.dump_trace, np.zeros(0, np.bool_))
    if sender.payload_type in DYNAMIC:
        _say(f"plcd send: the receiver needs --rtp-map {sender.payload_type}={stream}")
    if (args.redundancy or args.fec) and sender.datagram_bytes > ETHERNET_BYTES:
        _say(
            f"plcd send: datagrams of {sender.datagram_bytes} bytes travel in pieces, and are lost with any of them: "
            "choose a smaller --packet"
        )
    report = _send(sender, args.to, progress)
    if args.dump_trace is not None:
        write_trace(args.dump_trace, report.flags)
        if len(report.flags) < report.packets:
            _say(f"plcd send: {args.dump_trace} holds the first {len(report.flags)} packets only")
    print(_summary(report, source.rate), flush=True)
    return ExitCode.OK


def _stream(args: argparse.Namespace, source: Source) -> StreamFormat:
    """What is sent. Raises ValueError."""
    if args.format == "jacktrip":
        if args.payload_type is not None or args.ssrc is not None:
            raise ValueError(
                "--payload-type and --ssrc belong to RTP: leave them away with --format jacktrip"
            )
        return StreamFormat(jacktrip.encoding(int(args.encoding[1:])), source.rate, source.channels)
    return StreamFormat(args.encoding, source.rate, source.channels)


def _send(sender: Sender, to: str, progress: Progress) -> SendReport:
    with progress, _stopped_by_signals(sender.stop):
        try:
            return sender.run()
        except (AudioFileError, DeviceError) as error:
            code = ExitCode.DEVICE if isinstance(error, DeviceError) else ExitCode.FILE
            raise CliError(str(error), code) from None
        except OSError as error:
            raise CliError(f"cannot send to {to}: {error.strerror}", ExitCode.ADDRESS) from None


@contextlib.contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM call ``stop`` meanwhile; nothing changes outside the main thread."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    try:
        before = [signal.signal(number, lambda *_: stop()) for number in numbers]
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    shown = sys.stderr.isatty()
    return Progress(
        *columns, console=Console(stderr=True), transient=True, refresh_per_second=4, disable=not shown
    )


def _summary(report: SendReport, rate: int) -> str:
    share = 100 * report.lost / max(report.packets, 1)
    return (
        f"plcd send: {report.packets} packets, {report.samples / rate:.1f} s: "
        f"{report.lost} lost ({share:.1f} %), "
        f"{report.duplicated} duplicated, {report.reordered} reordered; "
        f"at most {report.max_lateness_ms:.1f} ms late"
    )


def _integer(text: str) -> int:
    """Decimal, or hexadecimal with 0x."""
    return int(text, 0)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
