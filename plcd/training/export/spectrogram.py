"""Networks that repair spectrograms, as files for ``plcd restore``."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from plcd.neural.patches import BINS, FRAMES, HOP, RATE, SIZE
from plcd.training.errors import TrainingError
from plcd.training.export.export import Export
from plcd.training.export.parity import TOLERANCE, demand, difference
from plcd.training.export.plain import plain
from plcd.training.export.store import save, with_contract


def export_spectrogram(network: nn.Module, said: dict[str, Any], path: Path, samples: Tensor) -> Export:
    """Write ``network`` to ``path``; the metadata say its framing and what is ``said`` of it.

    ``samples``: real pictures ``(n, 1, BINS, FRAMES)``, on each of which file and network must agree. Raises ParityError where
    they do not (nothing is written), TrainingError for weights that are not finite and for files that cannot be written.
    """
    if bad := [name for name, value in network.state_dict().items() if not bool(torch.isfinite(value).all())]:
        raise TrainingError(
            f"{bad[0]} of the network is not finite: the training diverged; nothing was written"
        )
    contract = said | {
        "contract": 1,
        "kind": "spectrogram",
        "rate": RATE,
        "stft": {"size": SIZE, "hop": HOP, "window": "hann"},
        "bins": BINS,
        "frames": FRAMES,
    }
    network.eval()
    with torch.no_grad():
        expected = network(samples).cpu().numpy()
    model = plain(network, [samples], ["damaged"], ["repaired"])
    pictures = samples.cpu().numpy()
    given = [{"damaged": pictures[i : i + 1]} for i in range(len(pictures))]
    worst = difference(model, given, [expected[i : i + 1] for i in range(len(expected))])
    demand(worst, TOLERANCE)
    save(with_contract(model, contract), path)
    return Export(path, contract, worst)
