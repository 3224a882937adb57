"""A hash of code: it changes with what is imported, and with nothing else."""

from pathlib import Path

import pytest

from plcd.offline import fingerprint


def test_code_is_what_a_module_imports_however_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "toycode"
    package.mkdir()
    sources = {
        "__init__": "",
        "top": "from toycode import middle\nimport math",
        "middle": "def f():\n    from toycode.bottom import g\n    return g",
        "bottom": "def g(): return 1",
        "aside": "x = 1",
    }
    for name, text in sources.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    def now() -> str:
        fingerprint.fingerprint.cache_clear()
        fingerprint._source.cache_clear()
        return fingerprint.fingerprint(("toycode.top",), ("numpy",), ("toycode.",))

    first = now()
    assert now() == first
    (package / "aside.py").write_text("x = 2", encoding="utf-8")
    assert now() == first
    (package / "bottom.py").write_text("def g(): return 2", encoding="utf-8")
    second = now()
    assert second != first
    monkeypatch.setattr(fingerprint, "version", lambda package: "another")
    assert now() not in (first, second)
