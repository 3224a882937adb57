"""The HTTP port over real connections: what it serves, whom it refuses, and its bounds."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import numpy as np
import pytest
from http_daemon import make_thread, serving

from plcd.io.http import audience, connections
from plcd.io.http.feeds import LISTENERS, SOUND_HEADER, WATCHERS
from plcd.io.http.server import FILES, HttpServer

Scenario = Callable[[HttpServer, aiohttp.ClientSession], Awaitable[None]]


def play(scenario: Scenario, thread: Any = None, host: str = "127.0.0.1") -> None:
    async def main() -> None:
        async with serving(thread or make_thread(), host) as (server, client):
            await asyncio.wait_for(scenario(server, client), 60)

    asyncio.run(main())


async def raw(server: HttpServer, request: bytes) -> bytes:
    """All that is answered to these bytes until the connection ends."""
    _, port = server.address.removesuffix("/").rsplit(":", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    try:
        writer.write(request)
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("path", [*FILES, "/metrics", "/api/stats"])
def test_what_it_serves(path: str) -> None:
    async def scenario(server: HttpServer, client: aiohttp.ClientSession) -> None:
        async with client.get(path) as answer:
            body = await answer.read()
            assert answer.status == 200
            assert body
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "Access-Control-Allow-Origin" not in answer.headers
        async with client.head(path) as answer:
            assert answer.status == 200
            assert await answer.read() == b""

    play(scenario)


def test_statistics_are_the_snapshot() -> None:
    thread = make_thread()

    async def scenario(_: HttpServer, client: aiohttp.ClientSession) -> None:
        async with client.get("/api/stats") as answer:
            assert answer.content_type == "application/json"
            assert await answer.json() == thread.snapshot

    play(scenario, thread)


def test_ipv6_is_served_where_asked() -> None:
    async def scenario(server: HttpServer, client: aiohttp.ClientSession) -> None:
        assert server.address.startswith("http://[::1]:")
        async with client.get("/api/stats") as answer:
            assert answer.status == 200

    play(scenario, host="::1")


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/stats", "/live", "/listen", "/nothing"])
@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
    ids=["host", "origin", "null"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_foreign_hosts_and_origins_are_refused(path: str, headers: dict[str, str], method: str) -> None:
    async def scenario(_: HttpServer, client: aiohttp.ClientSession) -> None:
        async with client.request(method, path, headers=headers) as answer:
            assert answer.status == 403
            text = await answer.text()
            assert len(text.splitlines()) == 1
            assert "evil.example" not in answer.headers["Content-Security-Policy"]
        async with client.get("/metrics") as answer:
            assert "plcd_http_refused_total 1.0" in await answer.text()

    play(scenario)


@pytest.mark.parametrize("path", ["/live", "/listen"])
def test_a_foreign_page_gets_no_websocket(path: str) -> None:
    async def scenario(_: HttpServer, client: aiohttp.ClientSession) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await client.ws_connect(path, origin="http://evil.example")
        assert error.value.status == 403
        async with client.ws_connect(path, origin=str(client._base_url).rstrip("/")) as socket:
            assert not socket.closed

    play(scenario)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/metrics", 405), ("DELETE", "/", 405), ("GET", "/nothing", 404), ("GET", "/live", 400)],
)
def test_what_it_does_not_do(method: str, path: str, status: int) -> None:
    async def scenario(_: HttpServer, client: aiohttp.ClientSession) -> None:
        async with client.request(method, path, data=b"x" * 100) as answer:
            assert answer.status == status

    play(scenario)


@pytest.mark.parametrize(
    "request_",
    [
        b"NONSENSE\r\n\r\n",
        b"\0" * 1000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n" + b"a" * 100_000,
    ],
)
def test_requests_that_are_none_are_refused(request_: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(server: HttpServer, client: aiohttp.ClientSession) -> None:
        answer = await raw(server, request_)
        assert answer == b"" or answer.split(b" ")[1].startswith(b"4")
        async with client.get("/api/stats") as good:
            assert good.status == 200

    play(scenario)
    assert not [record for record in caplog.records if record.exc_info]


def test_a_connection_has_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 0.2)
    monkeypatch.setattr(connections, "SWEEP_S", 0.05)

    async def scenario(server: HttpServer, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect("/live") as feed:
            assert await raw(server, b"GET / HTTP/1.1\r\nHost: loc") == b""
            assert await raw(server, b"") == b""
            assert json.loads(await feed.receive_str(timeout=10))["history"] == []
            assert not feed.closed  # a feed may take as long as it likes

    play(scenario)


def test_there_are_only_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS", 5)

    async def scenario(server: HttpServer, client: aiohttp.ClientSession) -> None:
        port = int(server.address.removesuffix("/").rsplit(":", 1)[1])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        while len(server._connections.server.connections) < 5:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        assert await raw(server, b"GET / HTTP/1.1\r\n\r\n") == b""
        for _, writer in held:
            writer.close()
        for _turn in range(200):
            with contextlib.suppress(aiohttp.ClientError):
                async with client.get("/api/stats") as answer:
                    assert answer.status == 200
                    break
            await asyncio.sleep(0.01)
        else:
            pytest.fail("no connection after those that were held had gone")

    play(scenario)


@pytest.mark.parametrize(("path", "most"), [("/live", WATCHERS), ("/listen", LISTENERS)])
def test_there_are_only_so_many_seats(path: str, most: int) -> None:
    thread = make_thread()

    async def scenario(_: HttpServer, client: aiohttp.ClientSession) -> None:
        sockets = [await client.ws_connect(path) for _ in range(most)]
        assert thread.tap.wanted
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await client.ws_connect(path)
        assert error.value.status == 503
        await sockets.pop().close()
        while True:
            with contextlib.suppress(aiohttp.WSServerHandshakeError):
                sockets.append(await client.ws_connect(path))
                break
            await asyncio.sleep(0.01)
        for socket in sockets:
            await socket.close()
        while thread.tap.wanted:
            await asyncio.sleep(0.01)

    play(scenario, thread)


def test_listeners_get_what_is_played_as_it_is() -> None:
    thread = make_thread()
    thread.tap.rate = 48000
    audio = np.random.default_rng(1).standard_normal((6000, 2)).astype(np.float32)

    async def scenario(_: HttpServer, client: aiohttp.ClientSession) -> None:
        sockets = [await client.ws_connect("/listen") for _ in range(2)]
        for start in range(0, len(audio), 500):
            thread.tap.write(audio[start : start + 500])
            await asyncio.sleep(0.005)
        for socket in sockets:
            heard = b""
            while len(heard) < audio.nbytes:
                message = await socket.receive_bytes(timeout=10)
                assert SOUND_HEADER.unpack_from(message) == (48000, 2)
                heard += message[SOUND_HEADER.size :]
            assert heard == audio.tobytes()

    play(scenario, thread)


def test_watchers_get_the_last_minute_then_what_happens() -> None:
    thread = make_thread()

    async def scenario(_: HttpServer, client: aiohttp.ClientSession) -> None:
        async def publish() -> None:
            while True:
                thread.take_snapshot()
                await asyncio.sleep(0.02)

        publishing = asyncio.create_task(publish())
        async with client.ws_connect("/live") as first:
            assert json.loads(await first.receive_str(timeout=10)) == {"history": []}
            for _turn in range(3):
                message = json.loads(await first.receive_str(timeout=10))
                assert message["stats"]["schema"] == "plcd.snapshot/1"
                assert message["spectrum"] is None
            thread.tap.rate = 44100
            thread.tap.write(np.ones((500, 1), dtype=np.float32))
            while (spectrum := json.loads(await first.receive_str(timeout=10))["spectrum"]) is None:
                pass
            assert spectrum["rate"] == 44100
        async with client.ws_connect("/live") as second:
            history = json.loads(await second.receive_str(timeout=10))["history"]
            assert len(history) >= 3
            assert message["point"] in history
        publishing.cancel()

    play(scenario, thread)


def test_whoever_speaks_is_sent_away() -> None:
    async def scenario(_: HttpServer, client: aiohttp.ClientSession) -> None:
        for data in ("hello", "x" * 100_000):
            async with client.ws_connect("/listen") as socket:
                await socket.send_str(data)
                message = await socket.receive(timeout=10)
                assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)

    play(scenario)


def test_a_listener_who_does_not_read_is_left_and_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "SEND_S", 0.3)
    thread = make_thread()
    thread.tap.rate = 48000
    frame = np.zeros((48000, 2), dtype=np.float32)

    async def scenario(server: HttpServer, client: aiohttp.ClientSession) -> None:
        host = server.address.removeprefix("http://").removesuffix("/")
        _, writer = await asyncio.open_connection(*host.split(":"), limit=1024)
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        writer.write(
            f"GET /listen HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while not thread.tap.wanted:
            await asyncio.sleep(0.01)
        async with client.ws_connect("/listen", max_msg_size=0) as reading:
            while len(server._feeds.listeners) == 2:
                thread.tap.write(frame)
                await reading.receive_bytes(timeout=10)
            assert not reading.closed
        writer.close()

    play(scenario, thread)


def test_closing_sends_everybody_away() -> None:
    async def main() -> None:
        thread = make_thread()
        async with serving(thread) as (server, client):
            socket = await client.ws_connect("/listen")
            await asyncio.gather(server.close(), socket.receive(timeout=10))
            assert socket.closed
            assert not thread.tap.wanted
            with pytest.raises(aiohttp.ClientConnectionError):
                await client.get("/")

    asyncio.run(asyncio.wait_for(main(), 60))
