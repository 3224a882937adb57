"""Networks: what an ONNX file has to promise, how it is loaded without harm, and how it is run beside real-time audio."""

import os
from typing import Final

TELEMETRY: Final = "ORT_DISABLE_TELEMETRY"
"""Variable of the environment that keeps onnxruntime (1.31 does) from noting what it runs, for its makers, in a file of its own
under ~/.cache. Read when onnxruntime is imported."""

os.environ.setdefault(TELEMETRY, "1")
