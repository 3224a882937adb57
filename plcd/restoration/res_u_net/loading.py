"""The network of a restoration, and what tells it from others."""

import hashlib
from functools import cache

from plcd.neural.errors import ModelError
from plcd.neural.spectrogram import SpectrogramNetwork, find_network, load_network
from plcd.restoration.errors import RestorationError


@cache
def load(model: str | None) -> tuple[SpectrogramNetwork, str]:
    """The network called ``model`` (a file, or one that ships; None: the default) and the first 16 figures of its SHA-256.

    Loaded once in each process. Raises RestorationError.
    """
    try:
        path = find_network(model)
    except ModelError as error:
        raise RestorationError(f"model {error}") from None
    try:
        network, content = load_network(path)
    except ModelError as error:
        raise RestorationError(f"model {path}: {error}") from None
    return network, hashlib.sha256(content).hexdigest()[:16]
