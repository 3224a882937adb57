"""``plcd capture``: writes down a session, to be replayed."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from plcd.cli.address import parse_address
from plcd.cli.capture_path import check_path
from plcd.cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from plcd.io.session_file import SessionFile

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "capture",
        help="write down every datagram of a session, for plcd replay",
        description="Write every datagram that reaches a port, with its sender and the kernel's stamp of its arrival, to a "
        "pcapng file: plcd replay plays it, Wireshark opens it. Nothing is played and nobody is answered; to do both "
        "at once use plcd --listen ADDRESS --capture FILE.",
    )
    add = parser.add_argument
    add("address", metavar="ADDRESS", help="receive on HOST:PORT; :PORT is every interface")
    add("-o", "--output", metavar="FILE", type=Path, required=True, help="the pcapng file to make")
    add("--seconds", metavar="N", type=float, help="how long (default: until interrupted)")
    add("--anonymous", action="store_true", help="replace the senders' addresses")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Capture until told to stop. Returns the exit code; raises CliError."""
    if args.seconds is not None and not args.seconds > 0.0:
        raise CliError(f"--seconds {args.seconds:g}: more than 0", ExitCode.USAGE)
    host, port = parse_address(args.address)
    check_path(args.output, "-o ")
    return asyncio.run(_capture(host, port, args.output, args.seconds, args.anonymous))


async def _capture(host: str, port: int, path: Path, seconds: float | None, anonymous: bool) -> int:
    from plcd.io.daemon import AddressError, bind_or_say
    from plcd.io.session_file import SessionFile, SessionFileError
    from plcd.io.udp import UdpReceiver

    try:
        sock = bind_or_say(host, port)
    except AddressError as error:
        raise CliError(str(error), ExitCode.ADDRESS) from None
    bound: tuple[str, int] = sock.getsockname()[:2]
    try:
        file = SessionFile(path, bound, anonymous)
    except SessionFileError as error:
        sock.close()
        raise CliError(str(error), ExitCode.FILE) from None
    receiver = UdpReceiver(sock, lambda: None, lambda: receiver.queue.clear(), on_any=file.write)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    shown = f"[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"{bound[0]}:{bound[1]}"
    print(f"plcd capture: ready {shown}", file=sys.stderr, flush=True)
    deadline = None if seconds is None else loop.time() + seconds
    while not ended.is_set() and file.error is None:
        left = 0.5 if deadline is None else min(0.5, deadline - loop.time())
        if left <= 0.0:
            break
        try:
            await asyncio.wait_for(ended.wait(), left)
        except TimeoutError:
            continue
    receiver.close()
    await asyncio.to_thread(file.close)
    return _report(file, receiver.kernel_dropped)


def _report(file: "SessionFile", kernel_dropped: int) -> int:
    lost = f", {file.dropped} dropped" if file.dropped else ""
    lost += f", {kernel_dropped} lost in the kernel" if kernel_dropped else ""
    print(f"plcd capture: {file.written} datagrams{lost} in {file.path}", flush=True)
    if file.error is not None:
        raise CliError(f"the capture ends early: {file.error}", ExitCode.FILE)
    return ExitCode.OK
