"""What a JackTrip client and a hub say to each other over TCP before audio flows over UDP."""

from struct import Struct

NAME_BYTES = 64
"""Of the client's name, filled up with zeros."""
PORT = 4464

_NUMBER = Struct("<i")
NUMBER_BYTES = _NUMBER.size
_AUTH = {
    1: "it accepts credentials, which plcd does not send",
    2: "it wants a user name and a password, which plcd cannot send",
    3: "it needs no credentials, and says so without a port",
    4: "it refuses the credentials",
    5: "it lets nobody in at this time",
}
AUTH_NOT_REQUIRED = _NUMBER.pack(3 << 16)


def request(udp_port: int, name: str) -> bytes:
    """What a client sends: where it listens, and what it is called."""
    called = name.encode()[: NAME_BYTES - 1].decode(errors="ignore").encode()
    return _NUMBER.pack(udp_port) + called.ljust(NAME_BYTES, b"\0")


def answer(udp_port: int) -> bytes:
    """What a hub answers: where it listens for this client."""
    return _NUMBER.pack(udp_port)


def number(data: bytes) -> int:
    """The four bytes ``data``, from either side."""
    value: int = _NUMBER.unpack(data)[0]
    return value


def is_auth(value: int) -> bool:
    """Whether a client asks to log in, rather than to say its port."""
    return value >> 16 in _AUTH


def port_of(data: bytes) -> int:
    """The UDP port in a hub's answer. Raises ValueError, saying why there is none."""
    value = number(data)
    if is_auth(value):
        raise ValueError(_AUTH[value >> 16])
    if not 1 <= value <= 65535:
        raise ValueError(f"it answers {value}, which is no port: is it a JackTrip hub?")
    return value


def name_of(data: bytes) -> str:
    """A client's name, fit to be shown."""
    text = data.split(b"\0", 1)[0].decode("utf-8", errors="replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)
