import subprocess
import sys

import pytest

PROGRAM = """
import sys
import numpy as np
from plcd.core import innovation, interpolation, linear_prediction, presence, tapered_burg
from plcd.core.ensemble import Ensemble
from plcd.core.hole_filler import HoleFiller
from plcd.core.warm import warm

kernels = [
    kernel
    for module in (linear_prediction, tapered_burg, innovation, interpolation, presence)
    for kernel in vars(module).values()
    if hasattr(kernel, "signatures")
]
predictor = Ensemble.parse(sys.argv[1])
warm(predictor)
compiled = {kernel.__name__: list(kernel.signatures) for kernel in kernels}

signal = np.random.default_rng(0).uniform(-1, 1, (8192, 2)).astype(np.float32)
origins = set()
for ahead in (0, 512, 2048):
    for frame, patient in ((512, True), (100, True), (100, False)):
        filler = HoleFiller(48_000, 2, predictor, patient=patient, fallback=predictor.members[-1])
        present = np.ones(8192, dtype=np.bool_)
        for start, length in ((100, 50), (4000, 512), (6000, 30)):
            present[start : start + length] = False
        for start in range(0, 8192 - frame - ahead, frame):
            stop = start + frame + ahead
            _, holes = filler.fill(signal[start:stop], present[start:stop], frame)
            origins |= {hole.origin.label for hole in holes}
            while start % 300 and filler.prepare():
                pass
        filler.splice(512)
        filler.fill(signal[:512], present[200:712], 512)
assert origins == {"predicted", "interpolated"}, origins
for kernel in kernels:
    assert kernel.signatures == compiled[kernel.__name__], kernel
    assert len(kernel.signatures) <= 1, (kernel, kernel.signatures)
print(*sorted(name for name, signatures in compiled.items() if signatures))
"""


@pytest.mark.parametrize(
    ("predictor", "fit"),
    [
        ("burg:64/512", "burg"),
        ("lpc:64/512", "autocorrelation_fit"),
        ("tapered:64/512", "tapered_burg"),
        ("burg:64/512+tapered:32/1024", "burg"),
    ],
)
def test_nothing_is_left_to_compile_when_sound_plays(predictor: str, fit: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, predictor], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {fit, "drive", "run_on", "run_end", "interpolate_each", "mean_error", "_sample"} <= set(
        done.stdout.split()
    )
