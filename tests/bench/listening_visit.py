"""What a listener does on the listening page, for tests."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from browser_tab import Tab, open_tab
from headless_browser import Browser
from listening_items import NAMES

LABELS = "ABCD"
HEARD_S = 0.55
SAVED = "JSON.parse(Object.values(localStorage)[0])"
"""What the page keeps."""


def start(tab: Tab, name: str = "Ann") -> None:
    tab.click("#listener")
    tab.type(name)
    tab.click("#begin button")
    loaded(tab)


def loaded(tab: Tab) -> None:
    tab.until("!document.getElementById('missing').textContent.startsWith('Loading')")


def text(tab: Tab, identity: str) -> str:
    return str(tab.evaluate(f"document.getElementById({identity!r}).textContent"))


def disabled(tab: Tab, identity: str) -> bool:
    return bool(tab.evaluate(f"document.getElementById({identity!r}).disabled"))


def hear(tab: Tab, *places: str) -> None:
    for place in places:
        tab.click(f'button[data-label="{place}"]')
        time.sleep(HEARD_S)
        tab.until(f"!/hear:[^.]*\\b{place}\\b/.test(document.getElementById('missing').textContent)")


def slider(label: str) -> str:
    return f'input[data-label="{label}"]'


def rate(tab: Tab, label: str, rating: int) -> None:
    """A click where this rating is: the thumb's middle moves between 11 px from both ends."""
    width = tab.evaluate(f"document.querySelector('{slider(label)}').clientWidth")
    tab.click(slider(label), x=(11 + rating / 100 * (width - 22)) / width)
    assert ratings(tab)[LABELS.index(label)] == str(rating)


def ratings(tab: Tab) -> list[str]:
    """What the page says beside each slider."""
    script = "Array.from(document.querySelectorAll('.rating'), (e) => e.textContent.split(' ')[0])"
    return list(tab.evaluate(script))


def whole_page(tab: Tab) -> str:
    """Everything in it but the scripts' own text, and what it keeps."""
    return str(
        tab.evaluate(
            "document.documentElement.outerHTML + document.title + JSON.stringify({ ...localStorage })"
            " + Array.from(document.querySelectorAll('input'), (e) => e.value)"
        )
    )


def names_absent(tab: Tab) -> None:
    everything = whole_page(tab)
    assert len(everything) > 10_000
    assert [name for name in NAMES[1:] if name in everything] == []
    assert "hidden reference" not in everything.split('id="results"')[1].split("</main>")[0]


@contextlib.contextmanager
def visit(browser: Browser, page: Path, begin: bool = True, **options: Any) -> Iterator[Tab]:
    """The page in a tab of its own, with the first clip on it unless told not to begin."""
    with open_tab(browser, **options) as tab:
        tab.open(page.as_uri())
        if begin:
            start(tab)
        yield tab
