"""``plcd --listen``: from options to a running daemon."""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from plcd.cli import logs
from plcd.cli.capture_path import check_path
from plcd.cli.errors import CliError, ExitCode
from plcd.cli.models import load_model
from plcd.cli.options import Options, add_flags, resolve
from plcd.cli.srtp_key import load_srtp_key

if TYPE_CHECKING:
    from plcd.core.engine_config import EngineConfig
    from plcd.io import daemon

log = logging.getLogger("plcd")

MANY_PACKETS = 10
"""A depth of as many is rarely meant: a bare number that large was to be milliseconds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The daemon's flags."""
    add_flags(parser)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="read options from a TOML file; flags win over it"
    )
    parser.add_argument(
        "--check-config", action="store_true", help="check flags and configuration, then stop"
    )
    parser.add_argument("--list-devices", action="store_true", help="list the sound devices, then stop")


def run(args: argparse.Namespace) -> int:
    """Run the daemon, or one of its questions. Raises CliError."""
    from plcd.io.outputs.base import DeviceError

    if args.list_devices:
        from plcd.io.outputs.portaudio import list_devices

        try:
            print(list_devices())
        except DeviceError as error:
            raise CliError(str(error), ExitCode.DEVICE) from error
        return ExitCode.OK
    options = resolve(args, args.config)
    if options.listen is None and options.connect is None:
        raise CliError(
            "nothing to do: say where to listen, as in plcd --listen :9000 (plcd --help)", ExitCode.USAGE
        )
    if args.check_config:
        failure = _build(options).model_failure
        print(f"plcd: configuration ok{f'; {failure}' if failure else ''}")
        return ExitCode.OK
    logs.set_up(options.log_level, options.log_json)
    return _listen(options)


def _listen(options: Options) -> int:
    from plcd.io import daemon
    from plcd.io.control_errors import ControlAddressError, ControlEndpointError
    from plcd.io.outputs.base import DeviceError
    from plcd.io.session_file import SessionFileError

    config = _build(options, probe=True)
    _remark_on_depth(options)
    try:
        daemon.run(config, _say_ready)
    except (daemon.AddressError, ControlAddressError) as error:
        raise CliError(str(error), ExitCode.ADDRESS) from error
    except ControlEndpointError as error:
        raise CliError(str(error), ExitCode.USAGE) from error
    except DeviceError as error:
        raise CliError(str(error), _output_code(options)) from error
    except SessionFileError as error:
        raise CliError(f"--capture: {error}", ExitCode.FILE) from error
    except Exception as error:
        raise CliError(f"failed while running, see the log: {error}", ExitCode.RUNTIME) from error
    return ExitCode.OK


def _remark_on_depth(options: Options) -> None:
    packets = options.depth.packets
    if packets is not None and packets >= MANY_PACKETS:
        samples = packets * options.packet
        seconds = f" ({samples / 48:.0f} ms at 48 kHz)" if samples < 2 * 48_000 else ""
        log.warning(
            "depth: %d packets of %d samples%s; for milliseconds write %dms",
            packets,
            options.packet,
            seconds,
            packets,
        )


def _output_code(options: Options) -> ExitCode:
    """What it is that failed when the output did."""
    return ExitCode.FILE if options.output.startswith("file:") else ExitCode.DEVICE


def _build(options: Options, probe: bool = False) -> "daemon.DaemonConfig":
    """Everything that can be checked before a socket opens; with ``probe`` also whether the sound device is there."""
    from plcd.cli.peers import build_peers
    from plcd.io import daemon
    from plcd.io.control_endpoint import parse_endpoint
    from plcd.io.control_errors import ControlEndpointError
    from plcd.io.outputs import portaudio
    from plcd.io.outputs.base import DeviceError
    from plcd.io.outputs.open import make_output, parse_output, warm_output

    model = load_model(options.model)
    try:
        output = parse_output(options.output)
        if probe and output.kind == "device":
            portaudio.find(portaudio.load(), output.device)
        control = None if options.control == "auto" else parse_endpoint(options.control)
    except (ValueError, ControlEndpointError) as error:
        raise CliError(str(error), ExitCode.USAGE) from error
    except DeviceError as error:
        raise CliError(str(error), _output_code(options)) from error
    _check_recording(options)
    srtp = load_srtp_key(options.srtp_key, options.format)
    peers = build_peers(options, srtp)
    host, port = options.listen or ("", 0)
    return daemon.DaemonConfig(
        host=host,
        port=port,
        make_output=lambda rate, channels: make_output(output, rate, channels, options.packet),
        warm_output=lambda: warm_output(output),
        engine=engine_config(options),
        rtp_map=peers.rtp_map,
        format=options.format if srtp is None else "rtp",
        allow=options.allow,
        srtp=srtp,
        peers=peers,
        control=control,
        control_by_port=options.control == "auto",
        control_keys=options.control_keys,
        http=options.http,
        record=options.record,
        record_dir=options.record_dir,
        capture=options.capture,
        anonymous=options.anonymous,
        mix=mix_config(options),
        model=model.network,
        model_failure=model.failure,
    )


def engine_config(options: Options) -> "EngineConfig":
    """What of the options concerns the engine."""
    from plcd.core.engine_config import EngineConfig

    return EngineConfig(
        packet=options.packet,
        depth=options.depth,
        rate=options.rate,
        channels=options.channels,
        predictor=options.predictor,
        noise=options.noise,
        budget=options.cpu_budget,
        run_ahead=options.run_ahead,
        lookahead=options.lookahead,
        drift=options.drift,
    )


def mix_config(options: Options) -> "daemon.MixConfig | None":
    """How several peers are heard. Raises CliError."""
    from plcd.core.mixer import DEFAULT_PEERS
    from plcd.io.daemon import MixConfig

    if options.mix:
        return MixConfig(options.max_peers, options.gain, options.record_peers)
    given = {
        "--max-peers": options.max_peers != DEFAULT_PEERS,
        "--gain": bool(options.gain),
        "--record-peers": options.record_peers is not None,
    }
    for flag in (flag for flag, is_given in given.items() if is_given):
        raise CliError(f"{flag} is about several peers at once: add --mix", ExitCode.USAGE)
    return None


def _check_recording(options: Options) -> None:
    """Where recordings are to go, before anything plays that would be missed. Raises CliError."""
    from plcd.io.outputs.base import DeviceError
    from plcd.io.outputs.open import parse_output

    if options.record is not None:
        try:
            parse_output(f"file:{options.record}")
        except ValueError as error:
            raise CliError(f"--record: {error}", ExitCode.USAGE) from error
        except DeviceError as error:
            raise CliError(f"--record: {error}", ExitCode.FILE) from error
        if Path(options.output.removeprefix("file:")).resolve() == options.record.resolve():
            raise CliError(
                f"--record {options.record} is the output file too: give another name", ExitCode.USAGE
            )
    if options.capture is not None:
        check_path(options.capture, "--capture ", new=False)
    if options.anonymous and options.capture is None:
        raise CliError("--anonymous is about --capture: say where to, or leave it away", ExitCode.USAGE)
    for flag, folder in (("--record-dir", options.record_dir), ("--record-peers", options.record_peers)):
        if folder is not None and not folder.is_dir():
            raise CliError(f"{flag} {folder}: no such folder, make it first", ExitCode.FILE)


def _say_ready(address: str) -> None:
    print(f"plcd: ready {address}", file=sys.stderr, flush=True)
