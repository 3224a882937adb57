"""The systemd unit: systemd's own tools read it, and it starts plcd as plcd can be started."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from apt_packages import provide

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "packaging" / "plcd@.service"
INSTALLED = "/opt/plcd/bin/plcd"
EXPOSURE = 25
"""Tenths: what systemd-analyze rates as well hardened."""


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)


def works() -> bool:
    """From version 250 on it judges a file without a running systemd."""
    try:
        found = re.match(r"systemd (\d+)", analyze("--version").stdout)
    except OSError:
        return False
    return found is not None and int(found[1]) >= 250


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as if plcd were installed where it says; skips where there is no systemd to read it."""
    if sys.platform != "linux":
        pytest.skip("systemd is Linux'")
    trouble = provide(works, ("systemd",), "systemd-analyze of version 250 or newer")
    if trouble:
        pytest.skip(trouble)
    program = tmp_path / "plcd"
    program.symlink_to(sys.executable)
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace(INSTALLED, str(program)))
    return copy


def test_systemd_finds_nothing_wrong(unit: Path) -> None:
    verified = analyze("verify", "--man=no", str(unit))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_it_is_hardened(unit: Path) -> None:
    judged = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(unit))
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "Overall exposure level" in judged.stdout


def test_the_judge_would_complain(unit: Path) -> None:
    bare = re.sub(
        r"(?m)^(Protect|Private|Restrict|SystemCall|Capability|NoNew|DynamicUser|User).*\n",
        "",
        unit.read_text(),
    )
    unit.write_text(bare)
    judged = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(unit))
    assert judged.returncode != 0


def test_plcd_takes_the_command_line_it_is_given(tmp_path: Path) -> None:
    command = re.search(r"(?m)^ExecStart=(.*)$", UNIT.read_text())
    assert command is not None
    (tmp_path / "studio.toml").write_text('listen = ":9000"\noutput = "null"\nhttp = 9680\nmodel = "none"\n')
    text = command[1].replace("%i", "studio").replace("%t", str(tmp_path)).replace("/etc/plcd", str(tmp_path))
    program, *arguments = shlex.split(text)
    assert program == INSTALLED
    checked = subprocess.run(
        [sys.executable, "-m", "plcd", *arguments, "--check-config"],
        capture_output=True,
        text=True,
        env=os.environ,
    )
    assert (checked.returncode, checked.stdout) == (0, "plcd: configuration ok\n"), checked.stderr


def test_what_it_needs_of_the_daemon_is_there() -> None:
    settings = dict(re.findall(r"(?m)^(\w+)=(.*)$", UNIT.read_text()))
    assert settings["Type"] == "notify"
    assert int(settings["WatchdogSec"]) >= 10
    assert int(settings["LimitRTPRIO"]) >= 10
    assert "MemoryDenyWriteExecute" not in settings
    assert "RestrictRealtime" not in settings
