"""The SRTP key that a command is given, with errors for the user."""

import os
from pathlib import Path

from plcd.cli.errors import CliError, ExitCode
from plcd.io.srtp_key import VARIABLE, SrtpKey, SrtpKeyError, load_key


def load_srtp_key(path: Path | None, form: str) -> SrtpKey | None:
    """The key in the file ``path``, else in the environment; None where there is none. ``form``: the wire format.

    Raises CliError.
    """
    try:
        key = load_key(path, os.environ)
    except SrtpKeyError as error:
        raise CliError(str(error), ExitCode.FILE) from None
    if key is not None and form not in ("auto", "rtp"):
        name = "--srtp-key" if path is not None else f"${VARIABLE}"
        raise CliError(f"{name} protects RTP, not {form}: leave one of them away", ExitCode.USAGE)
    return key
