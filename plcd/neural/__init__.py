"""Networks: what an ONNX file has to promise, how it is loaded without harm, and how it is run beside real-time audio."""
