from pathlib import Path

import numpy as np
import pytest

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.traces import read_trace, write_trace


def test_a_trace_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    write_trace(path, np.array([False, True, True]))
    assert path.read_bytes() == b"0\n1\n1\n"
    assert read_trace(path).tolist() == [False, True, True]


def test_line_ends_of_other_systems(tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    path.write_bytes(b"0 \r\n1 \r\n0")
    assert read_trace(path).tolist() == [False, True, False]


@pytest.mark.parametrize(("content", "complaint"), [(b"0\n7\n", "line 2"), (b"0\n\xff\n", "line 2")])
def test_content_that_is_no_trace(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "trace.txt"
    path.write_bytes(content)
    with pytest.raises(CliError, match=rf"trace\.txt.*{complaint}") as caught:
        read_trace(path)
    assert caught.value.exit_code is ExitCode.FILE


def test_paths_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="cannot read"):
        read_trace(tmp_path / "missing.txt")
    with pytest.raises(CliError, match="cannot write") as caught:
        write_trace(tmp_path / "no" / "folder.txt", np.zeros(1, np.bool_))
    assert caught.value.exit_code is ExitCode.FILE
