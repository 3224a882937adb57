"""What may be asked of a daemon, and the reading of it."""

import json
from collections.abc import Mapping
from typing import Any

from plcd.io.control_errors import ControlError

REQUEST_LIMIT_BYTES = 16_384
"""Longest request that is read: a path (4096 bytes on Linux) with room to spare, even escaped. Longer ones are refused."""

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "stats": (),
    "set_depth": ("depth",),
    "set_predictor": ("predictor",),
    "set_noise": ("noise",),
    "set_gain": ("peer", "gain"),
    "start_recording": ("path",),
    "stop_recording": (),
    "shutdown": (),
}
"""Every command with the arguments it needs, all of them strings."""


def parse_request(parts: list[bytes]) -> tuple[str, dict[str, object]]:
    """The command and its arguments, checked against ``ARGUMENTS``. Raises ControlError for anything else."""
    if len(parts) != 1:
        raise ControlError(f"a request is one message part, not {len(parts)}")
    if len(parts[0]) > REQUEST_LIMIT_BYTES:
        raise ControlError(f"a request is at most {REQUEST_LIMIT_BYTES} bytes")
    try:
        request: Any = json.loads(parts[0])
    except (ValueError, RecursionError):
        raise ControlError("a request is a JSON object in UTF-8") from None
    name = request.pop("command", None) if isinstance(request, dict) else None
    if not isinstance(name, str):
        raise ControlError('a request names its command: {"command": "stats"}')
    needed = ARGUMENTS.get(name)
    if needed is None:
        raise ControlError(f"unknown command {name[:64]!r}: {', '.join(ARGUMENTS)}")
    if set(request) != set(needed):
        raise ControlError(f"{name} takes {' and '.join(map(repr, needed)) or 'no arguments'}")
    for argument in needed:
        if not isinstance(request[argument], str):
            raise ControlError(f'{argument!r} must be a string, for example "2" or "40ms"')
    return name, request
