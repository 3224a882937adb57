"""Writes the listening page: one HTML file that needs neither a network nor a server.

Names of systems stand in it once, in base64, and the page's script reads them only when every clip is rated.
"""

import base64
import contextlib
import errno
import hashlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from comparison.listening.audio import flac_files
from comparison.listening.items import ANCHOR, REFERENCE, ListeningItem, check_items

TEMPLATE = Path(__file__).parent / "template"

SCRIPTS = ("shuffle", "store", "player", "timeline", "spectrogram", "results", "trial", "main")
"""In this order: each uses only those before it."""


def write_page(path: Path, items: Sequence[ListeningItem]) -> None:
    """Write the page for ``items`` to ``path``, whole or not at all; the same items give the same file.

    Raises ValueError for items that cannot be compared, OSError where nothing can be written.
    """
    check_items(items)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with draft.open("x", encoding="utf-8", newline="\n") as file:
                file.write(render(items))
            draft.replace(path)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error  # not the draft's name


def render(items: Sequence[ListeningItem]) -> str:
    """The page's text."""
    clips = []
    blocks = []
    digest = hashlib.sha256()
    for number, item in enumerate(items):
        files = flac_files(item)
        clips.append({"name": item.clip, "rate": item.rate})
        encoded = json.dumps([base64.b64encode(file).decode() for file in files])
        blocks.append(f'<script type="application/json" id="audio-{number}">{encoded}</script>')
        digest.update(encoded.encode())
    names = {"systems": [REFERENCE, *sorted(items[0].outputs)], "anchor": ANCHOR}
    digest.update(_hidden([clips, names]).encode())
    about = {"id": digest.hexdigest()[:16], "clips": clips, "stimuli": len(names["systems"])}
    blocks.append(f'<script type="text/plain" id="about">{_hidden(about)}</script>')
    blocks.append(f'<script type="text/plain" id="sealed">{_hidden(names)}</script>')
    scripts = [(TEMPLATE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    parts = {
        "style": (TEMPLATE / "page.css").read_text(encoding="utf-8"),
        "data": "\n".join(blocks),
        "script": "\n".join(scripts),
    }
    page = (TEMPLATE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], page)


def _hidden(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()
