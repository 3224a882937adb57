"""Any network as torch writes it, uncropped and in one stage."""

import io
import warnings
from collections.abc import Sequence
from typing import Final

import onnx
import torch
from torch import Tensor, nn

OPSET: Final = 18
"""The lowest that torch's exporter writes without converting; the contract allows 17 to 21."""


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """``model`` without what the exporter notes of the code and the folders it was made in."""
    graph = model.graph
    places = (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer)
    for place in places:
        place.doc_string = ""
        if place is not model:
            del place.metadata_props[:]
    return model


def plain(
    network: nn.Module, sample: Sequence[Tensor], inputs: Sequence[str], outputs: Sequence[str]
) -> onnx.ModelProto:
    """``network`` for inputs of ``sample``'s shapes, which are fixed (batch 1)."""
    training = network.training
    buffer = io.BytesIO()
    network.eval()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter's own parts, about each other
            program = torch.onnx.export(
                network,
                tuple(tensor[:1] for tensor in sample),
                None,
                input_names=list(inputs),
                output_names=list(outputs),
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        assert program is not None
        program.save(buffer)
    finally:
        network.train(training)
    model = without_traces(onnx.load_from_string(buffer.getvalue()))
    onnx.checker.check_model(model, full_check=True)
    return model
