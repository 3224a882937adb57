"""The hub's door and its client, over real TCP, with each other and with what others may say."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest

from plcd.core.packet import StreamFormat
from plcd.io import jacktrip_client, jacktrip_hub
from plcd.io.jacktrip_client import HubError, HubOptions, JackTripClient
from plcd.io.jacktrip_hub import MAX_CONNECTIONS, JackTripHub
from plcd.wire.jacktrip import STOP, parse

STEREO = StreamFormat("JackTrip-16", 48000, 2)
UDP_PORT = 61_002


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.asynccontextmanager
async def hub() -> AsyncIterator[tuple[JackTripHub, int]]:
    port = free_port()
    door = JackTripHub(UDP_PORT)
    await door.open("127.0.0.1", port)
    try:
        yield door, port
    finally:
        await door.close()


async def ask(port: int, data: bytes, end: bool = False) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        if end:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("76110000" + b"alice".hex() + "00" * 59, "4aee0000"),
        ("76110000", "4aee0000"),
        ("00000100" + "76110000" + "00" * 64, "00000300" + "4aee0000"),
        ("00000000" + "00" * 64, ""),
        ("ffffffff" + "00" * 64, ""),
        ("", ""),
        ("7611", ""),
    ],
    ids=["a client", "an old client", "one that would log in", "port 0", "port -1", "nothing", "half a port"],
)
def test_what_the_door_answers(request_: str, expected: str) -> None:
    async def main() -> None:
        async with hub() as (door, port):
            data = bytes.fromhex(request_)
            assert (await ask(port, data, end=len(data) < 4)).hex() == expected
            assert (door.asked, door.turned_away) == ((1, 0) if expected else (0, 1))

    asyncio.run(main())


def test_who_says_nothing_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jacktrip_hub, "TIMEOUT_S", 0.1)

    async def main() -> None:
        async with hub() as (door, port):
            assert await ask(port, b"") == b""
            assert door.turned_away == 1

    asyncio.run(main())


def test_sixteen_connections_and_no_more() -> None:
    async def main() -> None:
        async with hub() as (door, port):
            open_ = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
            assert await ask(port, bytes.fromhex("76110000")) == b""
            assert door.turned_away == 1
            for _, writer in open_:
                writer.close()
            while not door.asked:
                await ask(port, bytes.fromhex("76110000"))

    asyncio.run(asyncio.wait_for(main(), 30))


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def fake_hub(talk: Talk) -> tuple[asyncio.Server, int]:
    port = free_port()
    return await asyncio.start_server(talk, "127.0.0.1", port), port


def joining(port: int, sent: list[tuple[bytes, str, int]]) -> JackTripClient:
    return JackTripClient(HubOptions("127.0.0.1", port, STEREO, 64), 4470, lambda *one: sent.append(one))


def test_a_client_joins_sends_and_says_goodbye() -> None:
    async def main() -> None:
        async with hub() as (_, port):
            sent: list[tuple[bytes, str, int]] = []
            client = joining(port, sent)
            await client.join()
            assert (client.host, client.port) == ("127.0.0.1", UDP_PORT)
            client.start()
            for _ in range(20):
                client.feed(np.zeros((64, 1), np.float32), 48000, 0)
            assert client.sent == 20
            await client.close()
            assert {(host, to) for _, host, to in sent} == {("127.0.0.1", UDP_PORT)}
            headers = [parse(datagram)[0].header for datagram, _, _ in sent[:20]]
            assert [header.sequence for header in headers] == list(range(20))
            assert {header[2:] for header in headers} == {(64, 3, 16, 2, 0)}
            assert [datagram for datagram, _, _ in sent[-2:]] == [STOP, STOP]

    asyncio.run(main())


def test_a_silent_hub_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jacktrip_client, "SILENT_S", 0.05)
    monkeypatch.setattr(jacktrip_client, "AGAIN_S", 0.01)

    async def main() -> None:
        async with hub() as (door, port):
            client = joining(port, [])
            await client.join()
            client.start()
            while door.asked < 3:
                await asyncio.sleep(0.01)
                client.feed(np.zeros((64, 1), np.float32), 48000, 0)
            asked_sent = client.sent
            monkeypatch.setattr(jacktrip_client, "SILENT_S", 0.0)
            client.feed(np.zeros((64, 1), np.float32), 48000, 0)
            assert client.sent == asked_sent  # nothing goes to a hub that is silent
            monkeypatch.setattr(jacktrip_client, "SILENT_S", 0.05)
            await door.close()
            await asyncio.sleep(0.1)  # it is not there
            await door.open("127.0.0.1", port)
            asked = door.asked
            while door.asked == asked:
                await asyncio.sleep(0.01)
            await client.close()

    asyncio.run(asyncio.wait_for(main(), 30))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(bytes.fromhex("00000200"), "password"), (b"", "hung up"), (b"HTTP", "no port"), (bytes(4), "no port")],
)
def test_hubs_that_do_not_let_us_in(reply: bytes, reason: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(68)
        writer.write(reply)
        writer.close()

    async def main() -> None:
        server, port = await fake_hub(talk)
        with pytest.raises(HubError, match=reason) as caught:
            await joining(port, []).join()
        assert "\n" not in str(caught.value)
        server.close()

    asyncio.run(main())


def test_no_hub_and_one_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jacktrip_client, "TIMEOUT_S", 0.1)

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> None:
        with pytest.raises(HubError, match="jacktrip -S"):
            await joining(free_port(), []).join()
        server, port = await fake_hub(talk)
        with pytest.raises(HubError, match="does not answer"):
            await joining(port, []).join()
        server.close()

    asyncio.run(main())
