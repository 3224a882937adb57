"""The key that both ends of SRTP share: where it comes from, and how it is never shown."""

import base64
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pylibsrtp import Policy

VARIABLE = "PLCD_SRTP_KEY"

_PROFILES = {
    30: ("AES_CM_128_HMAC_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80),
    28: ("AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM),
    44: ("AEAD_AES_256_GCM", Policy.SRTP_PROFILE_AEAD_AES_256_GCM),
}
"""By the bytes of master key and salt together (RFC 3711 section 8.2, RFC 7714 section 12)."""


class SrtpKeyError(Exception):
    """The key cannot be had, or used. The message says what to do, and never holds any of the key."""


@dataclass(frozen=True, slots=True)
class SrtpKey:
    """Master key and salt, one behind the other."""

    master: bytes = field(repr=False)

    @property
    def profile(self) -> str:
        """Its name in SDP and RFCs."""
        return _PROFILES[len(self.master)][0]

    def policy(self, ssrc_type: int, ssrc: int = 0) -> Policy:
        """What libsrtp is told."""
        return Policy(self.master, ssrc_type, ssrc, _PROFILES[len(self.master)][1])


def parse_key(text: str, where: str) -> SrtpKey:
    """A key in Base64, as SDP has it (RFC 4568), or in hexadecimal. Raises SrtpKeyError, naming ``where`` it came from."""
    readings = []
    for read in (bytes.fromhex, _from_base64):
        with contextlib.suppress(ValueError):
            readings.append(read(text.strip()))
    if not readings:
        raise SrtpKeyError(
            f"{where} holds no key: one line of Base64 or hexadecimal, as openssl rand -base64 30 makes it"
        )
    for master in readings:
        if len(master) in _PROFILES:
            return SrtpKey(master)
    known = ", ".join(f"{size} for {name}" for size, (name, _) in _PROFILES.items())
    raise SrtpKeyError(f"{where} holds {len(readings[0])} bytes; key and salt have {known}")


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def load_key(path: Path | None, environment: Mapping[str, str]) -> SrtpKey | None:
    """The key in the file, else the one in the variable ``PLCD_SRTP_KEY``; None where neither is given. Raises SrtpKeyError."""
    if path is None:
        text = environment.get(VARIABLE)
        return None if text is None else parse_key(text, f"${VARIABLE}")
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise SrtpKeyError(f"the SRTP key {path} can be read by others: chmod 600 {path}")
            text = file.read(1024)
    except OSError as error:
        raise SrtpKeyError(f"cannot read the SRTP key {path}: {error.strerror}") from None
    return parse_key(text, f"the SRTP key file {path}")
