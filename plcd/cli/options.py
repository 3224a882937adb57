"""The daemon's options: one table for the flags and for the keys of plcd.toml."""

import argparse
import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from plcd.cli.address import parse_address, parse_http, parse_hub
from plcd.cli.errors import CliError, ExitCode
from plcd.cli.values import choice, integer, lookahead
from plcd.core.adaptation import BUDGET
from plcd.core.depth import DEFAULT_DEPTH, Depth
from plcd.core.engine_config import RUN_AHEAD, parse_budget, parse_noise, parse_predictor
from plcd.core.ensemble import Ensemble
from plcd.core.mixer import DEFAULT_PEERS, MOST_PEERS
from plcd.core.packet import StreamFormat
from plcd.core.resampled import DRIFT
from plcd.io.allow_list import IpNetwork, parse_network
from plcd.io.gains import PeerGain, parse_gain
from plcd.wire.formats import FORMATS
from plcd.wire.jacktrip import MAX_REDUNDANCY
from plcd.wire.payload_map import parse_rtp_map
from plcd.wire.ulpfec import MAX_GROUP

ENCODINGS = ("L8", "L16", "L24")
LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Options:
    """Validated options of the daemon. Each field is a flag (``--rtp-map``) and a key of plcd.toml (``rtp-map``)."""

    listen: tuple[str, int] | None = None
    """HOST:PORT to receive on; :PORT is every interface."""
    connect: tuple[str, int] | None = None
    """HOST or HOST:PORT to begin a session with: another plcd over RTP, or with the format jacktrip a hub to join."""
    input: str | None = None
    """What is sent to peers: default, the name or number of a DEVICE, or a FILE."""
    loop: int = 1
    """How often an input that is a file plays before silence follows; 0: for ever."""
    encoding: str = "L16"
    """In which connect sends: L16 or L24, with the format jacktrip L8 too."""
    redundancy: int = 0
    """How many packets each packet that is sent repeats."""
    fec: int = 0
    """After how many packets sent over RTP parity follows; 0: never."""
    output: str = "default"
    """default, the name or number of a DEVICE, null, or file:PATH (.wav or .flac)."""
    predictor: Ensemble | None = None
    """auto (what the machine has time for), best, fast, or METHOD:ORDER/CONTEXT, several of them joined by +."""
    noise: float = 1.0
    """How much sampled innovation restores the energy in holes, 0 to 2."""
    cpu_budget: float = BUDGET
    """Percents of one core that fits ahead of time may take."""
    run_ahead: str = "auto"
    """Prepare each packet's concealment before it can be lost: auto (within the budget), on (as time allows) or off."""
    lookahead: int | None = None
    """How many packets after a hole may be used if they have arrived: auto or 0 to 64."""
    model: str = "auto"
    """A network beside the predictor: FILE, the NAME of one that ships, none, or auto (the default of those that ship)."""
    format: str = "auto"
    """The wire format: auto (each datagram is looked at), rtp, jacktrip or zita."""
    rate: int | None = None
    """Play only streams of this rate in hertz; else the first stream's."""
    channels: int | None = None
    """Play only streams of so many channels; else the first stream's."""
    packet: int = 512
    """Samples in which plcd works, 16 to 8192; packets of any size are received."""
    depth: Depth = DEFAULT_DEPTH
    """How long the first packet waits: 40ms, or 4 for packets; auto or auto:MIN-MAX (ms) follows the network."""
    drift: str = "auto"
    """Resample to follow the sender's clock: auto (where it differs from the output's), on or off."""
    rtp_map: Mapping[int, StreamFormat] = field(default_factory=dict)
    """What a dynamic payload type carries: 96=L24/48000/2. Repeatable."""
    allow: tuple[IpNetwork, ...] = ()
    """Hear only these addresses and networks: 192.0.2.0/24, 2001:db8::/32. Repeatable."""
    srtp_key: Path | None = None
    """A file with the key that both ends share: only SRTP under it is heard. Else the variable PLCD_SRTP_KEY, where it is set."""
    control: str = "auto"
    """The control socket: auto, none, ipc:///PATH or tcp://HOST:PORT."""
    control_keys: Path | None = None
    """DIR of CURVE keys (plcd keys DIR); needed beyond this machine."""
    http: tuple[str, int] | None = None
    """PORT or HOST:PORT, of this machine alone: a live page with listen-in, and metrics for Prometheus."""
    record: Path | None = None
    """Also write what is played, silence included, to PATH (.wav or .flac) with a sidecar PATH.json."""
    record_dir: Path | None = None
    """Where recordings started over the control socket may go."""
    capture: Path | None = None
    """Also write every datagram to PATH, as it came, for plcd replay."""
    anonymous: bool = False
    """Leave the senders' addresses out of it."""
    mix: bool = False
    """Hear several peers at once and play their sum."""
    max_peers: int = DEFAULT_PEERS
    """With mix: how many are heard at a time."""
    gain: tuple[PeerGain, ...] = ()
    """With mix: HOST=DB or HOST:PORT=DB. Repeatable."""
    record_peers: Path | None = None
    """With mix: an existing folder in which each peer is recorded by itself."""
    log_level: str = "info"
    """debug, info, warning or error."""
    log_json: bool = False
    """Log lines as JSON objects."""


_CONVERT: dict[str, Callable[[str], object]] = {
    "listen": parse_address,
    "connect": parse_hub,
    "input": str,
    "loop": integer("loop", 0, 1_000_000),
    "encoding": choice("encoding", ENCODINGS),
    "redundancy": integer("redundancy", 0, MAX_REDUNDANCY - 1),
    "fec": integer("fec", 0, MAX_GROUP),
    "output": str,
    "predictor": parse_predictor,
    "noise": parse_noise,
    "cpu_budget": parse_budget,
    "run_ahead": choice("run-ahead", RUN_AHEAD),
    "lookahead": lookahead,
    "model": str,
    "format": choice("format", FORMATS),
    "rate": integer("rate", 8000, 192_000),
    "channels": integer("channels", 1, 64),
    "packet": integer("packet", 16, 8192),
    "depth": Depth.parse,
    "drift": choice("drift", DRIFT),
    "rtp_map": parse_rtp_map,
    "allow": parse_network,
    "srtp_key": Path,
    "control": str,
    "control_keys": Path,
    "http": parse_http,
    "record": Path,
    "record_dir": Path,
    "capture": Path,
    "max_peers": integer("max-peers", 1, MOST_PEERS),
    "gain": parse_gain,
    "record_peers": Path,
    "log_level": choice("log-level", LEVELS),
}
_SWITCHES = ("anonymous", "mix", "log_json")
_LISTS = ("rtp_map", "allow", "gain")
_METAVARS = {
    "listen": "ADDRESS",
    "connect": "HOST",
    "input": "FILE|DEVICE",
    "loop": "N",
    "redundancy": "N",
    "fec": "K",
    "noise": "AMOUNT",
    "cpu_budget": "PERCENT",
    "rtp_map": "PT=FORMAT",
    "allow": "CIDR",
    "srtp_key": "FILE",
    "capture": "PATH",
    "control": "ENDPOINT",
    "http": "PORT",
    "max_peers": "COUNT",
    "gain": "PEER=DB",
    "record_peers": "DIR",
    "log_level": "LEVEL",
}
_HELP = {
    name: text.strip()
    for name, text in zip(
        [f.name for f in fields(Options)],
        (
            "receive on HOST:PORT; :PORT is every interface, IPv4 and IPv6",
            "begin a session with the plcd at HOST or HOST:PORT over RTP; with --format jacktrip join the hub there",
            "send this to whoever is heard: default, a DEVICE's name or number, or a FILE",
            "play an input FILE N times, then silence; 0 is for ever [1]",
            "with --connect: send L16, L24, or with --format jacktrip L8 [L16]",
            "repeat N packets in each that is sent (RFC 2198, or JackTrip's -r N+1) [0]",
            "over RTP: send parity after every K packets (RFC 5109) [0: none]",
            "default, a DEVICE's name or number, null, or file:PATH (.wav, .flac) [default]",
            "auto (what there is time for), best, fast, or METHOD:ORDER/CONTEXT, + joins several [auto]",
            "0..2: how much sampled noise keeps up the energy in holes; 0 is nearest in waveform [1]",
            "percents of a core for preparing losses in sight, 0..100 [40]",
            "prepare the next packet's loss before it is known: auto (within that budget), on or off [auto]",
            "packets after a hole that may be used: auto (what has arrived) or 0..64 [auto]",
            "a network beside the predictor: FILE, NAME of one that ships, none, or auto (the default one) [auto]",
            "auto, rtp, jacktrip or zita (zita-njbridge) [auto]",
            "play only streams of this rate in Hz [the first stream's]",
            "play only streams with so many channels [the first stream's]",
            "samples per frame, 16..8192; packets of any size are received [512]",
            "how long the first packet waits: 40ms, 4 (packets), or auto[:MIN-MAX] (ms) to follow the network [40ms]",
            "resample to follow the sender's clock: auto (where it differs from the output's), on or off [auto]",
            "what a dynamic payload type carries, as 96=L24/48000/2; repeatable",
            "hear only this address or network, as 192.0.2.0/24; repeatable [everybody]",
            "hear only SRTP under the key in FILE, or in the variable PLCD_SRTP_KEY",
            "control socket: auto, none, ipc:///PATH, tcp://HOST:PORT [auto: private to you]",
            "CURVE keys made by 'plcd keys DIR'; required beyond this machine",
            "a live page and Prometheus metrics on PORT, or HOST:PORT, of this machine alone [off]",
            "also write what is played to PATH (.wav, .flac), with holes in PATH.json",
            "folder for recordings started over the control socket",
            "also write every datagram to PATH (pcapng), for plcd replay",
            "with --capture: replace the senders' addresses",
            "hear several peers at once, each concealed by itself, and play their sum",
            f"with --mix: peers heard at a time, 1..{MOST_PEERS} [{DEFAULT_PEERS}]",
            "with --mix: decibels for one peer's address, as 192.0.2.7=-6 or 192.0.2.7:4464=-6; repeatable",
            "with --mix: also write each peer to a file of its own in this folder",
            "debug, info, warning, error [info]",
            "log lines as JSON (the ready line and a fatal error stay plain text)",
        ),
        strict=True,
    )
}


def add_flags(parser: argparse.ArgumentParser, names: Sequence[str] | None = None) -> None:
    """Every option as a flag, or those in ``names``. Values stay texts here, None where not given."""
    for name, text in _HELP.items():
        if names is not None and name not in names:
            continue
        flag = "--" + name.replace("_", "-")
        if name in _SWITCHES:
            parser.add_argument(flag, action="store_true", default=None, help=text)
        elif name in _LISTS:
            parser.add_argument(flag, action="append", metavar=_METAVARS.get(name, name.upper()), help=text)
        else:
            parser.add_argument(flag, metavar=_METAVARS.get(name, name.upper()), help=text)


def resolve(args: argparse.Namespace, config: Path | None, names: Sequence[str] | None = None) -> Options:
    """Flags (those in ``names``) over the file over the defaults. Raises CliError naming the flag, or the file and key."""
    values = _read_file(config) if config is not None else {}
    for name in names or _HELP:
        given = getattr(args, name)
        if given is not None:
            values[name] = _value(name, given, f"--{name.replace('_', '-')}")
    return Options(**values)  # type: ignore[arg-type]


def _read_file(path: Path) -> dict[str, object]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CliError(f"config {path}: {error.strerror}", ExitCode.USAGE) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CliError(f"config {path}: not TOML: {error}", ExitCode.USAGE) from error
    values: dict[str, object] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in _HELP:
            near = difflib.get_close_matches(name, _HELP, 1)
            hint = f"; did you mean {near[0].replace('_', '-')}?" if near else ""
            raise CliError(f"config {path}: unknown key {key!r}{hint}", ExitCode.USAGE)
        if name in values:
            raise CliError(f"config {path}: {key!r} is given twice", ExitCode.USAGE)
        values[name] = _value(name, value, f"config {path}: {key}")
    return values


def _value(name: str, given: object, where: str) -> object:
    """One option's value from a flag's text or a TOML value."""
    if name in _SWITCHES:
        if not isinstance(given, bool):
            raise CliError(f"{where}: true or false", ExitCode.USAGE)
        return given
    texts = given if isinstance(given, list) else [given]
    if isinstance(given, list) != (name in _LISTS) and not (name in _LISTS and isinstance(given, str)):
        raise CliError(f"{where}: one value, not a list", ExitCode.USAGE)
    if not all(isinstance(text, str | int | float) and not isinstance(text, bool) for text in texts):
        raise CliError(f"{where}: expected a text or a number", ExitCode.USAGE)
    try:
        converted = [_CONVERT[name](str(text)) for text in texts]
    except CliError as error:
        raise CliError(f"{where}: {error.message}", error.exit_code) from error
    except ValueError as error:
        raise CliError(f"{where}: {error}", ExitCode.USAGE) from error
    if name == "rtp_map":
        return dict(converted)  # type: ignore[arg-type]
    return tuple(converted) if name in _LISTS else converted[0]
