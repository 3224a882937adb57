"""From the daemon's options to what it sends to peers: the input, whom to call or join, and in what form."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.options import Options
from plcd.cli.send_source import DEVICE_CHANNELS, DEVICE_RATE_HZ, file_blocks
from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.io.caller import CallOptions
from plcd.io.inputs.base import Input, InputError
from plcd.io.inputs.device import DeviceInput
from plcd.io.inputs.paced import PacedInput
from plcd.io.jacktrip_client import HubOptions
from plcd.io.outgoing import Repair, datagram_bytes
from plcd.io.peer_session import PeerConfig
from plcd.io.srtp_key import SrtpKey
from plcd.offline.audio_files import AudioFileError, AudioInfo, read_info
from plcd.wire.answering import Answer
from plcd.wire.jacktrip import encoding, rate_code
from plcd.wire.packetizer import choose_payload_type
from plcd.wire.payload_map import DYNAMIC, REPAIR

JOIN_RATE_HZ = 48_000
JOIN_CHANNELS = 2
"""What a hub is offered unless --rate and --channels, or a file, say otherwise: JackTrip's own defaults."""


class Source(NamedTuple):
    """``--input`` understood."""

    input: Input
    rate: int | None = None
    """Of a file; a device has the peer's, if it can."""
    channels: int | None = None


def build_peers(options: Options, key: SrtpKey | None) -> PeerConfig:
    """Everything that can be checked before a socket opens. Raises CliError."""
    source = open_input(options.input, options.loop) if options.input is not None else None
    if source is None and options.loop != 1:
        raise CliError("--loop is about an input file: add --input FILE", ExitCode.USAGE)
    repair = Repair(options.redundancy, options.fec)
    if source is None and options.connect is None and repair != Repair():
        raise CliError(
            "--redundancy and --fec are for what is sent: add --input or --connect", ExitCode.USAGE
        )
    config = PeerConfig(
        hub=options.connect is None and options.format == "jacktrip",
        input=source.input if source else None,
        repair=repair,
        rate=options.rate,
        rtp_map=options.rtp_map,
        form=options.format if key is None else "rtp",
        key=key,
        vouched=bool(options.allow),
    )
    if options.connect is None:
        return config
    if options.format == "zita":
        raise CliError(
            "--connect speaks RTP or JackTrip: leave --format zita away, or use --listen", ExitCode.USAGE
        )
    if options.format == "jacktrip":
        return replace(config, join=_join(options, source))
    call = _call(options, source)
    rtp_map = {**config.rtp_map, **mapping_of(call)}
    return replace(config, call=call, rtp_map=rtp_map)


def mapping_of(call: CallOptions) -> dict[int, StreamFormat]:
    """What the type that is sent stands for: an answer comes under the same."""
    assert call.form.payload_type is not None
    return {call.form.payload_type: call.form.stream} if call.form.payload_type in DYNAMIC else {}


def open_input(text: str, times: int) -> Source:
    """The file of this name; if there is none and the name does not look like one, the device. Raises CliError."""
    if not text.strip():
        raise CliError(
            "--input is empty: give default, a device (plcd --list-devices) or a file", ExitCode.USAGE
        )
    path = Path(text)
    if not path.exists() and not path.suffix and len(path.parts) == 1:
        device = None if text == "default" else int(text) if text.isascii() and text.isdigit() else text
        return Source(DeviceInput(device))
    try:
        info = read_info(path)
    except AudioFileError as error:
        raise CliError(f"--input: {error}", ExitCode.FILE) from None
    blocks = _blocks(info, times)
    return Source(PacedInput(f"file:{text}", blocks, info.rate, info.channels), info.rate, info.channels)


def _blocks(info: AudioInfo, times: int) -> Iterator[Samples]:
    try:
        yield from file_blocks(info, times, lambda samples: None)
    except AudioFileError as error:
        raise InputError(str(error)) from None


def _join(options: Options, source: Source | None) -> HubOptions:
    assert options.connect is not None
    rate = options.rate or (source and source.rate) or JOIN_RATE_HZ
    channels = options.channels or (source and source.channels) or JOIN_CHANNELS
    stream = StreamFormat(encoding(int(options.encoding[1:])), rate, channels)
    try:
        rate_code(rate)
        if options.fec:
            raise ValueError("--fec is for RTP: JackTrip has copies only (--redundancy)")
        datagram_bytes(Answer(stream, options.packet), options.redundancy)
    except ValueError as error:
        raise CliError(f"--connect: {error}", ExitCode.USAGE) from None
    return HubOptions(*options.connect, stream, options.packet)


def _payload_type(stream: StreamFormat, rtp_map: Mapping[int, StreamFormat]) -> int:
    """The one that the user's map has for it, else its static one, else one that is free. Raises ValueError."""
    known = [number for number, form in rtp_map.items() if form == stream]
    chosen = known[0] if known else choose_payload_type(stream)
    if known or chosen not in rtp_map:
        return chosen
    free = [number for number in DYNAMIC if number not in rtp_map and number not in REPAIR]
    if not free:
        raise ValueError("--rtp-map has every payload type: leave one for what is sent")
    return free[0]


def _call(options: Options, source: Source | None) -> CallOptions:
    assert options.connect is not None
    rate = options.rate or (source and source.rate) or DEVICE_RATE_HZ
    channels = options.channels or (source and source.channels) or DEVICE_CHANNELS
    stream = StreamFormat(options.encoding, rate, channels)
    try:
        form = Answer(stream, options.packet, _payload_type(stream, options.rtp_map))
        datagram_bytes(form, options.redundancy)
    except ValueError as error:
        raise CliError(f"--connect: {error}", ExitCode.USAGE) from None
    return CallOptions(*options.connect, form)
