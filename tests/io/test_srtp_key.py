import base64
import os
from pathlib import Path

import pytest

from plcd.io.srtp_key import VARIABLE, SrtpKey, SrtpKeyError, load_key, parse_key

MASTER = bytes(range(100, 130))
TEXT = base64.b64encode(MASTER).decode()


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("text", [TEXT, f" {TEXT}\n", MASTER.hex(), MASTER.hex().upper()])
def test_base64_and_hexadecimal(tmp_path: Path, text: str) -> None:
    assert load_key(written(tmp_path / "key", text), {}) == SrtpKey(MASTER)
    assert load_key(None, {VARIABLE: text}) == SrtpKey(MASTER)


@pytest.mark.parametrize("text", ["A" * 40, "a0" * 19 + "==", "deadbeef" * 5])
def test_base64_that_looks_like_hexadecimal(text: str) -> None:
    assert parse_key(text, "it") == SrtpKey(base64.b64decode(text))


def test_none_is_none_and_a_file_wins(tmp_path: Path) -> None:
    assert load_key(None, {}) is None
    path = written(tmp_path / "key", bytes(44).hex())
    key = load_key(path, {VARIABLE: TEXT})
    assert key is not None
    assert key.profile == "AEAD_AES_256_GCM"


@pytest.mark.parametrize("text", ["", "no key at all", "00" * 29, "00" * 31, TEXT[:-4], "ü" * 40])
def test_what_is_no_key_is_not_shown(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "key", text)
    with pytest.raises(SrtpKeyError) as given:
        parse_key(text, "it")
    with pytest.raises(SrtpKeyError) as read:
        load_key(path, {})
    for error in (str(given.value), str(read.value)):
        assert len(text) < 10 or text not in error
        assert "\n" not in error


def test_a_key_is_never_shown() -> None:
    key = parse_key(TEXT, "it")
    for shown in (repr(key), str(key), f"{key}"):
        assert TEXT not in shown
        assert MASTER.hex() not in shown
        assert "d" not in shown.removeprefix("SrtpKey")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SrtpKeyError, match="chmod 600"):
        load_key(written(tmp_path / "key", TEXT, 0o644), {})
    with pytest.raises(SrtpKeyError, match="cannot read"):
        load_key(tmp_path / "missing", {})
