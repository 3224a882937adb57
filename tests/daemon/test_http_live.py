"""The HTTP port of a daemon that plays a lossy stream: what is scraped and listened to is what happens."""

import asyncio
import json
import re
import socket
import struct
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from running import MONO, PATIENT, PLCD, QUICK, RATE, Running, assert_adds_up, music, running

from plcd.core.frame import Samples
from plcd.core.impairment import Impairment
from plcd.core.loss import Gilbert
from plcd.io.sender import Sender, SendOptions

Counts = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def playing() -> Iterator[tuple[Running, str]]:
    """A daemon that hears a tone with losses for as long as the tests take, and where its page is."""
    tone = (0.4 * np.sin(2 * np.pi * 997 * np.arange(120 * RATE) / RATE)[:, None]).astype(np.float32)
    with running("--output", "null", "--http", "0", *PATIENT, *QUICK) as daemon:
        found = re.search(r"http: page and metrics at (http://127\.0\.0\.1:\d+)/", daemon.text)
        assert found is not None, daemon.text
        sender = Sender(tone, MONO, daemon.address, SendOptions(), Impairment(Gilbert(0.1, 0.5)))
        thread = threading.Thread(target=sender.run)
        thread.start()
        try:
            daemon.wait_for(lambda stats: stats["packets"]["lost"] > 5)
            yield daemon, found[1]
            daemon.finish()
        finally:
            sender.stop()
            thread.join()


def get(address: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
        return str(answer.read().decode())


def scrape(address: str) -> Counts:
    families = text_string_to_metric_families(get(f"{address}/metrics"))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def total(counts: Counts, name: str, **labels: str) -> float:
    return sum(
        value for (n, given), value in counts.items() if n == name and labels.items() <= dict(given).items()
    )


def test_what_is_scraped_lies_between_what_is_asked_before_and_after(playing: tuple[Running, str]) -> None:
    daemon, address = playing
    before = daemon.stats()
    scraped = scrape(address)
    after = daemon.stats()
    for fate in ("on_time", "late", "lost", "recovered_by_copy"):
        value = total(scraped, "plcd_packets_total", fate=fate)
        assert before["packets"][fate] <= value <= after["packets"][fate]
    expected = total(scraped, "plcd_packets_total")
    assert before["packets"]["expected"] <= expected <= after["packets"]["expected"]
    assert before["frames"]["played"] <= total(scraped, "plcd_frames_total") <= after["frames"]["played"]
    assert total(scraped, "plcd_frames_total", origin="predicted") > 0
    assert total(scraped, "plcd_conceal_seconds_count") > 0
    assert total(scraped, "plcd_conceal_seconds_sum") > 0
    assert total(scraped, "plcd_buffer_depth_seconds", source=after["source"]["address"]) == pytest.approx(
        0.3
    )
    assert total(scraped, "plcd_state", plcd_state="playing") == 1
    assert total(scraped, "process_resident_memory_bytes") > 1e7


def test_statistics_are_those_of_the_control_socket(playing: tuple[Running, str]) -> None:
    daemon, address = playing
    stats = json.loads(get(f"{address}/api/stats"))
    assert_adds_up(stats)
    assert stats.keys() == daemon.stats().keys()
    assert stats["frames"]["played"] > 0


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
@pytest.mark.parametrize("path", ["/", "/metrics", "/api/stats", "/listen"])
def test_strangers_are_refused(playing: tuple[Running, str], path: str, headers: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        get(playing[1] + path, **headers)
    assert error.value.code == 403
    assert b"evil.example" in error.value.read()


def test_what_is_listened_to_is_what_is_played(playing: tuple[Running, str]) -> None:
    """The tone, concealed where it was lost, at its own level; and no frame is handed out once nobody listens."""
    daemon, address = playing

    async def listen(seconds: float) -> Samples:
        async with aiohttp.ClientSession() as client, client.ws_connect(f"{address}/listen") as feed:
            pieces: list[Any] = []
            while sum(map(len, pieces)) < seconds * RATE:
                message = await feed.receive_bytes(timeout=30)
                assert struct.unpack_from("<II", message) == (RATE, 1)
                pieces.append(np.frombuffer(message, "<f4", offset=8))
            assert total(await asyncio.to_thread(scrape, address), "plcd_http_listeners") == 1
            return np.concatenate(pieces)

    before = daemon.stats()["packets"]["lost"]
    heard = asyncio.run(listen(2.0))
    assert daemon.stats()["packets"]["lost"] > before
    strength = np.abs(np.fft.rfft(heard * np.hanning(heard.size)))
    assert np.argmax(strength) * RATE / heard.size == pytest.approx(997, abs=1)
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(0.4 / np.sqrt(2), rel=0.1)
    assert daemon.wait_for(lambda _: total(scrape(address), "plcd_http_listeners") == 0)


def test_a_port_that_is_taken_ends_it_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [
            *PLCD,
            "--listen",
            "127.0.0.1:0",
            "--output",
            "null",
            "--control",
            "none",
            "--http",
            str(port),
        ]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 5
    assert ended.stderr.startswith(f"plcd: cannot serve HTTP on http://127.0.0.1:{port}/: ")
    assert ended.stderr.endswith("choose another port\n")
    assert ended.stderr.count("\n") == 1


def test_there_is_no_port_unless_asked_for() -> None:
    with running("--output", "null", *QUICK) as daemon:
        assert "http" not in daemon.text
        with open(f"/proc/{daemon.process.pid}/net/tcp") as table:
            listening = [line.split()[9] for line in table.readlines()[1:] if line.split()[3] == "0A"]
        own = {str(path.readlink()) for path in Path(f"/proc/{daemon.process.pid}/fd").iterdir()}
        assert not [inode for inode in listening if f"socket:[{inode}]" in own]
        daemon.finish()


def test_music_goes_on_while_pages_come_and_go() -> None:
    """Scrapes and feeds beside a stream: nothing is lost, and nothing is late."""
    with running("--output", "null", "--http", "0", *PATIENT, *QUICK) as daemon:
        found = re.search(r"at (http://127\.0\.0\.1:\d+)/", daemon.text)
        assert found is not None

        async def look(address: str) -> None:
            async with aiohttp.ClientSession() as client:
                for _ in range(8):
                    async with (
                        client.ws_connect(f"{address}/live") as live,
                        client.ws_connect(f"{address}/listen"),
                    ):
                        await live.receive_str(timeout=30)
                    async with client.get(f"{address}/metrics") as answer:
                        assert answer.status == 200

        sender = Sender(music(4.0), MONO, daemon.address, SendOptions())
        thread = threading.Thread(target=sender.run)
        thread.start()
        asyncio.run(look(found[1]))
        thread.join()
        stats = daemon.wait_idle()
        assert stats["packets"]["lost"] == stats["packets"]["late"] == 0
        daemon.finish()
