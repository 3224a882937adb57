"""How far the two ends of a splice differ, on the clips of bench/data: as the depth's rule chooses them, and without a choice."""

from pathlib import Path

import numpy as np
import soundfile as sf

from plcd.core.adaptive_depth import BEST_DB, PATIENCE_NS, WORST_DB, WORTH_S
from plcd.core.ensemble import BEST
from plcd.core.frame import Samples
from plcd.core.hole_filler import HoleFiller
from plcd.core.playout import LOUDNESS_SAMPLES
from plcd.core.splice import FADE_S, LONGER_S, differences_db, insertion, longest_good
from plcd.core.warm import warm

CLIPS = Path(__file__).resolve().parent.parent / "data" / "dev"
MOST_S = 0.012
"""Time to be skipped or inserted: a packet of 512 at 44.1 kHz."""
FRAME = 512
PLACES = 6
"""A clip."""


def measured() -> dict[str, list[float]]:
    """Decibels beside the music for each kind of splice, one a place."""
    warm(BEST)
    rows: dict[str, list[float]] = {
        "skip, 12 ms wherever it is": [],
        "skip, 6 to 12 ms, chosen": [],
        "insert, 12 ms": [],
        "insert, 12 to 22 ms, chosen": [],
    }
    rng = np.random.default_rng(1)
    for path in sorted(CLIPS.rglob("*.flac")):
        music, rate = sf.read(path, dtype="float32", always_2d=True)
        fade, most, longer = (round(seconds * rate) for seconds in (FADE_S, MOST_S, LONGER_S))
        starts = rng.integers(rate, max(rate + 1, len(music) - 2 * most - 8192), PLACES).tolist()
        patience = round(1.1e-9 * PATIENCE_NS * rate)
        music = np.tile(music, (2 + patience // len(music), 1))  # clips are shorter than the rule's patience
        for start in starts:
            for row, value in zip(rows.values(), _skips(music, start, fade, most, rate), strict=False):
                row.append(value)
            for row, value in zip(
                list(rows.values())[2:], _inserts(music, start, fade, most, longer, rate), strict=True
            ):
                row.append(value)
    return rows


def _loudness(music: Samples, place: int) -> float:
    return float(np.mean(np.square(music[max(0, place - LOUDNESS_SAMPLES) : place])))


def _skips(music: Samples, start: int, fade: int, most: int, rate: int) -> tuple[float, float]:
    """Without a choice, and by the rule: frame after frame, with a bar that rises."""
    plain = float(
        differences_db(music[start : start + fade], music[start:][: most + fade], _loudness(music, start))[
            most
        ]
    )
    least = min(most // 2, round(WORTH_S * rate))
    for place in range(start, len(music) - most - fade, FRAME):
        waited = (place - start) / rate
        bar = BEST_DB + (WORST_DB - BEST_DB) * min(1.0, waited * 1e9 / PATIENCE_NS)
        differences = differences_db(
            music[place : place + fade], music[place:][: most + fade], _loudness(music, place)
        )
        chosen = longest_good(differences, least, bar)
        if chosen is not None:
            break
    return plain, float(differences[chosen if chosen is not None else -1])


def _inserts(music: Samples, start: int, fade: int, most: int, longer: int, rate: int) -> tuple[float, float]:
    filler = HoleFiller(rate, music.shape[1], BEST, FRAME)
    for place in range(max(0, start - 8192), start, FRAME):
        part = music[place : min(place + FRAME, start)]
        filler.fill(part, np.ones(len(part), dtype=np.bool_), len(part))
    foreseen = filler.foresee(most + longer + fade)
    assert foreseen is not None
    differences = differences_db(music[start : start + fade], foreseen[most:], _loudness(music, start))
    chosen = insertion(music[start : start + fade], foreseen, most, rate, _loudness(music, start))
    return float(differences[0]), float(differences[chosen - most])
