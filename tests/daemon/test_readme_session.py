"""The JackTrip session of the README, line by line, as somebody would type it."""

import ctypes.util
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from apt_packages import provide
from running import PATIENCE_S

README = Path(__file__).resolve().parents[2] / "README.md"
PACKAGES = ("jacktrip", "jackd2", "libportaudio2")

pytestmark = pytest.mark.timeout(900)  # an installation may come before it


def lines() -> list[str]:
    text = README.read_text(encoding="utf-8")
    match = re.search(
        r"<!-- session: tests/daemon/test_readme_session.py .*?-->\n```\n(.*?)```", text, re.DOTALL
    )
    assert match is not None
    return match[1].splitlines()


def present() -> bool:
    return all(map(shutil.which, ("jacktrip", "jackd"))) and ctypes.util.find_library("portaudio") is not None


def test_it_works_as_printed(tmp_path: Path) -> None:
    install, *typed, look = lines()
    assert len(lines()) == 5
    assert install.split("#")[0].split()[3:] == list(PACKAGES)
    trouble = provide(present, PACKAGES, "JackTrip")
    if trouble:
        pytest.skip(trouble)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "plcd").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m plcd "$@"\n')
    (programs / "plcd").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "JACK_DEFAULT_SERVER": f"plcd-{uuid.uuid4().hex[:8]}",
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    heard = tmp_path / "heard"
    with heard.open("wb") as log:
        shell = subprocess.Popen(
            ["bash"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=tmp_path,
            env=environment,
        )
    assert shell.stdin is not None

    def snapshot() -> str:
        done = subprocess.run(
            ["bash", "-c", look], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
        )
        return done.stdout

    def has_ports() -> bool:
        done = subprocess.run(["jack_lsp"], capture_output=True, env=environment, check=False)
        return b"system:playback_1" in done.stdout

    done: list[Callable[[], bool]] = [
        has_ports,
        lambda: "plcd: ready [::]:4464" in heard.read_text(errors="replace"),
        lambda: "playing" in snapshot() and "system, JACK" in snapshot(),
    ]
    try:
        for line, true in zip(typed, done, strict=True):
            shell.stdin.write(f"{line}\n".encode())
            shell.stdin.flush()
            deadline = time.monotonic() + 3 * PATIENCE_S
            while not true():
                assert time.monotonic() < deadline, f"{line}\n{heard.read_text(errors='replace')}"
                time.sleep(0.2)
        seen = snapshot()
    finally:
        shell.communicate(b"kill $(jobs -p); wait\n", timeout=3 * PATIENCE_S)
    assert "JackTrip-16/48000/2, packets of 128" in seen
    assert "gone" not in seen
    assert "Received Connection from Peer!" in (tmp_path / "client.log").read_text(errors="replace")
