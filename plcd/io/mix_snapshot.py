"""What a snapshot says of a mix and of each of its peers; see docs/control.md."""

import math

from plcd.core.mixer import Mixer
from plcd.core.peer import Peer
from plcd.io.engine_snapshot import buffer, drift, frames, source
from plcd.io.outputs.base import Output
from plcd.io.peer_recorders import PeerRecorders


def mix(mixer: Mixer) -> dict[str, object]:
    """The mix as a whole."""
    return {
        "max_peers": mixer.most,
        "joined": mixer.joined,
        "limited": mixer.limited,
        "limiter_db": round(20 * math.log10(mixer.limiter_gain), 2),
    }


def peers(mixer: Mixer, output: Output | None, recorders: PeerRecorders | None) -> list[dict[str, object]]:
    """Each peer by itself, as it came."""
    return [_peer(peer, output, recorders) for peer in mixer.peers]


def _peer(peer: Peer, output: Output | None, recorders: PeerRecorders | None) -> dict[str, object]:
    engine = peer.engine
    counters, choice = engine.counters, engine.choice
    made = engine.fits_ahead
    return {
        "number": peer.number,
        **(source(engine) or {}),
        "state": engine.state,
        "gain_db": round(20 * math.log10(peer.gain), 2),
        "packets": {**engine.packets(), "refused": dict(counters.refused)},
        "frames": frames(counters),
        "events": {
            "reanchored": counters.reanchored,
            "grown": counters.grown,
            "shrunk": counters.shrunk,
            "restarts": max(0, counters.streams - 1),
        },
        "buffer": buffer(engine, peer.bridge, output),
        "drift": drift(engine),
        "predictor": None if choice is None else str(choice.ensemble),
        "ahead": {"fits": made.fits, "ready": made.ready, "missing": made.missing},
        "recording": recorders.status(peer.number) if recorders else None,
    }
