"""``python mutants.py FILE``: meets the real onnxruntime with 120 broken networks, each written to FILE first.

Prints how many of them still keep the contract. Ends with another code than 0 where one is refused in more than a line, or
keeps the contract and does not run; or with a signal where onnxruntime does not survive it.
"""

import random
import sys
from pathlib import Path

import tiny_models as tiny

from plcd.neural import trial
from plcd.neural.loading import make_network


def main(newest: Path) -> None:
    """Truncations and turned bits."""
    rng = random.Random(4)
    kept = 0
    for content in (tiny.magnitude(0.9), tiny.staged_magnitude(), tiny.waveform(0.1)):
        for _ in range(40):
            broken = bytearray(content)
            if rng.random() < 0.3:
                del broken[rng.randrange(1, len(broken)) :]
            else:
                for _ in range(rng.randrange(1, 4)):
                    broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
            newest.write_bytes(broken)
            said = trial.reason(bytes(broken))
            if said is None:
                kept += 1
                assert make_network(bytes(broken)).name
            else:
                assert len(said) < 1000
                assert len(said.splitlines()) == 1
    print(kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
