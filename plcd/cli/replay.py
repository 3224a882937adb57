"""``plcd replay``: plays a captured session again, the same way every time."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from plcd.cli import logs
from plcd.cli.address import parse_address
from plcd.cli.capture_path import check_path
from plcd.cli.errors import CliError, ExitCode
from plcd.cli.listen import engine_config, mix_config
from plcd.cli.models import load_model
from plcd.cli.options import Options, add_flags, resolve
from plcd.cli.srtp_key import load_srtp_key

if TYPE_CHECKING:
    from plcd.core.frame import PlayedFrame
    from plcd.io.audio_writer import AudioWriter
    from plcd.io.replay import Replayed, Session
    from plcd.io.session_reader import Survey

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

ENGINE_OPTIONS = (
    "predictor",
    "noise",
    "lookahead",
    "model",
    "format",
    "rate",
    "channels",
    "packet",
    "depth",
    "drift",
    "rtp_map",
    "allow",
    "srtp_key",
    "mix",
    "max_peers",
    "gain",
    "log_level",
)
"""Of the daemon's: those that change what is played."""


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "replay",
        help="play a captured session again: the same file and flags give the same sound",
        description="Play a session that plcd capture, plcd --capture or tcpdump wrote (pcapng or pcap of UDP) through the "
        "daemon's engine, at the times of its stamps and as fast as the machine can.",
    )
    add = parser.add_argument
    add("file", metavar="FILE", type=Path, help="the capture")
    add("-o", "--output", metavar="OUT", type=Path, help="write what is played (.wav or .flac)")
    add("--to", metavar="[HOST]:PORT", help="whose datagrams to play (default: where most went)")
    add("--stats", metavar="JSON", type=Path, help="write what was counted; - is the standard output")
    add("--config", type=Path, metavar="TOML", help="options of a file, as the daemon's; flags win over it")
    add_flags(parser, ENGINE_OPTIONS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play it. Returns the exit code; raises CliError."""
    from plcd.io import replay, session_reader

    options = resolve(args, args.config, ENGINE_OPTIONS)
    logs.set_up(options.log_level if args.log_level else "warning", options.log_json)
    session = _session(options)
    wanted = None if args.to is None else parse_address(args.to)
    try:
        found = session_reader.survey(args.file, wanted)
        with _writing(args.output, options.packet) as sink, _progress() as progress:
            task = progress.add_task(args.file.name, total=max(1, found.last_ns - found.first_ns))
            done = replay.replay(
                session,
                session_reader.arrivals(args.file, found),
                sink,
                lambda ns: progress.update(task, completed=ns - found.first_ns),
            )
    except session_reader.SessionError as error:
        raise CliError(str(error), ExitCode.FILE) from None
    counted = replay.stats(session, done)
    if args.stats is not None:
        _write_stats(args.stats, counted)
    for line in (*_remarks(args.file, found, done), *_unmixed(options, counted)):
        print(f"plcd replay: {line}", file=sys.stderr)
    if not done.rate:
        raise CliError(_unheard(args.file, counted), ExitCode.FILE)
    if str(args.stats) != "-":
        print(_summary(session, done, counted), flush=True)
    return ExitCode.OK


def _session(options: Options) -> "Session":
    from plcd.core.ensemble import BEST
    from plcd.core.warm import warm
    from plcd.io.allow_list import AllowList
    from plcd.io.daemon import make_engine
    from plcd.io.intake import Intake
    from plcd.io.replay import Session
    from plcd.io.srtp import Unprotector
    from plcd.wire.formats import Formats

    model = load_model(options.model)
    if model.failure is not None:
        print(f"plcd replay: {model.failure}", file=sys.stderr)
    srtp = load_srtp_key(options.srtp_key, options.format)
    warm(options.predictor or BEST)
    engine = make_engine(engine_config(options), mix_config(options), model.network)
    form = options.format if srtp is None else "rtp"
    intake = Intake(Formats(options.rtp_map, form, options.rate))
    if srtp is not None:
        intake.unprotector = Unprotector(srtp, several=options.mix)
    return Session(engine, intake, AllowList(options.allow))


class _Sink:
    """Writes what is played, but for idle frames, as ``--output file:`` does."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.writer: AudioWriter | None = None

    def __call__(self, frame: "PlayedFrame", rate: int, channels: int) -> None:
        from plcd.core.frame import Origin
        from plcd.io.audio_writer import AudioWriter

        if self._path is None:
            return
        if self.writer is None:
            try:
                self.writer = AudioWriter(self._path, rate, channels, block=True)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                raise CliError(f"cannot write {self._path}: {reason}", ExitCode.FILE) from None
        if frame.origin is not Origin.IDLE:
            self.writer.write(frame.audio)
        if self.writer.error is not None:
            raise CliError(f"-o ends early: {self.writer.error}", ExitCode.FILE)


@contextmanager
def _writing(path: Path | None, packet: int) -> Iterator[_Sink]:
    from plcd.io.outputs.base import DeviceError
    from plcd.io.outputs.open import parse_output

    if path is not None:
        try:
            parse_output(f"file:{path}")
        except ValueError as error:
            raise CliError(f"-o: {error}", ExitCode.USAGE) from None
        except DeviceError as error:
            raise CliError(f"-o: {error}", ExitCode.FILE) from None
        check_path(path, "-o ")
    sink = _Sink(path)
    try:
        yield sink
    finally:
        if sink.writer is not None:
            sink.writer.close()
    if sink.writer is not None and sink.writer.error is not None:
        raise CliError(f"-o ends early: {sink.writer.error}", ExitCode.FILE)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _write_stats(path: Path, counted: dict[str, object]) -> None:
    text = json.dumps(counted, indent=2) + "\n"
    if str(path) == "-":
        print(text, end="", flush=True)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"--stats: cannot write {path}: {error.strerror}", ExitCode.FILE) from None


def _remarks(path: Path, found: "Survey", done: "Replayed") -> Iterator[str]:
    """What a user should know of the file."""
    if found.truncated:
        yield f"{path} ends in the middle of a packet: what stands before it was played"
    if found.cut:
        yield f"{found.cut} datagrams were captured in part only, and left out: tcpdump needs -s 0"
    if found.others:
        most = ", ".join(_shown(to) for to, _ in found.others.most_common(3))
        yield (
            f"played {_shown(found.to)}; {found.others.total()} datagrams went elsewhere ({most}): --to chooses"
        )
    if done.backwards:
        yield f"the clock was set back {done.backwards} times while this was captured: what follows came late"


def _unmixed(options: Options, counted: dict[str, object]) -> Iterator[str]:
    packets = counted["packets"]
    assert isinstance(packets, dict)
    if packets["foreign"] and not options.mix:
        yield f"{packets['foreign']} packets of others were not heard: with --mix several are"


def _shown(to: tuple[str, int]) -> str:
    return f"[{to[0]}]:{to[1]}" if ":" in to[0] else f"{to[0]}:{to[1]}"


def _unheard(path: Path, counted: dict[str, object]) -> str:
    packets = counted["packets"]
    assert isinstance(packets, dict)
    reasons = ", ".join(f"{n} {name}" for name, n in {**packets["malformed"], **packets["refused"]}.items())
    return (
        f"{path}: no stream in {counted['datagrams']} datagrams{f' ({reasons})' if reasons else ''}: "
        "see --to, --rtp-map, --format and --srtp-key"
    )


def _summary(session: "Session", done: "Replayed", counted: dict[str, object]) -> str:
    packets, events = counted["packets"], counted["events"]
    assert isinstance(packets, dict)
    assert isinstance(events, dict)
    return (
        f"plcd replay: {done.datagrams} datagrams, {done.samples / done.rate:.1f} s of sound: "
        f"{packets['on_time']} packets on time, {packets['late']} late, {packets['lost']} lost, "
        f"{packets['recovered']} recovered, {packets['foreign']} foreign; {events['restarts']} restarts, "
        f"{events['reanchored']} re-anchored; depth {session.engine.depth}, {counted['predictor']}"
    )
