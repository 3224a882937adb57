"""A datagram as it came from the socket, to an audio packet."""

from collections.abc import Mapping

from plcd.core.packet import AudioPacket, Recovery, SourceId, StreamFormat
from plcd.wire.errors import Reason, WireError
from plcd.wire.payload_map import DYNAMIC, STATIC, check_format
from plcd.wire.pcm import CODECS, Codec
from plcd.wire.rtp import parse_header


class Depacketizer:
    """Parses datagrams; keeps nothing between them.

    ``rtp_map``: what the dynamic payload types stand for, beside the static ones. Raises ValueError if it
    maps a type that is not dynamic, or to a format that plcd does not know.
    """

    def __init__(self, rtp_map: Mapping[int, StreamFormat]) -> None:
        self._formats: dict[int, tuple[StreamFormat, Codec, int]] = {}
        for payload_type, stream in {**STATIC, **rtp_map}.items():
            if payload_type not in DYNAMIC and payload_type not in STATIC.keys() - rtp_map.keys():
                raise ValueError(f"payload type {payload_type} cannot be mapped")
            check_format(stream)
            codec = CODECS[stream.encoding]
            self._formats[payload_type] = (stream, codec, codec.width * stream.channels)

    def parse(self, datagram: bytes, host: str, port: int) -> AudioPacket:
        """The packet in ``datagram``, which came from ``host`` and ``port``.

        Raises WireError, and nothing else, whatever the bytes.
        """
        payload_type, _, sequence, timestamp, ssrc, start, stop = parse_header(datagram)
        return self.unpack(
            payload_type, datagram[start:stop], SourceId(host, port, ssrc), sequence, timestamp
        )

    def unpack(
        self,
        payload_type: int,
        payload: bytes,
        source: SourceId,
        sequence: int,
        timestamp: int,
        recovered: Recovery | None = None,
    ) -> AudioPacket:
        """The packet of this ``payload``. Raises WireError, and nothing else, whatever the bytes."""
        known = self._formats.get(payload_type)
        if known is None:
            raise WireError(Reason.UNMAPPED_PAYLOAD_TYPE, _remedy(payload_type))
        stream, codec, frame_bytes = known
        if not payload:
            raise WireError(Reason.EMPTY_PAYLOAD)
        if len(payload) % frame_bytes:
            raise WireError(
                Reason.PARTIAL_FRAME,
                f"{len(payload)} bytes, a frame of {stream} has {frame_bytes}; SRTP needs --srtp-key",
            )
        samples = codec.decode(payload, stream.channels)
        return AudioPacket(source, sequence, timestamp, stream, samples, recovered)


def _remedy(payload_type: int) -> str:
    if payload_type in DYNAMIC:
        return (
            f"payload type {payload_type} is not mapped: name it, as in --rtp-map {payload_type}=L16/48000/2"
        )
    return f"payload type {payload_type} is not linear PCM: send type 10, 11 or a dynamic one"
