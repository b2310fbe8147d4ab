"""ONNX Runtime as an engine, on this machine's CPU."""

import numpy as np

from resunet_kit.inference._engines.engine import Engine
from resunet_kit.inference._optional import optional

SAME_NAME = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "float16")
DTYPES = {"tensor(float)": "float32", "tensor(double)": "float64", **{f"tensor({name})": name for name in SAME_NAME}}


class ONNXRuntimeEngine(Engine):
    """A converted model.

    Args:
        converted: An ONNX file with one input.
        threads: Number of threads that it may use.
    """

    def __init__(self, converted: bytes, threads: int) -> None:
        runtime = optional("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors; warnings are about optimisations
        self.session = runtime.InferenceSession(converted, options, providers=["CPUExecutionProvider"])
        [self.input] = self.session.get_inputs()
        super().__init__(DTYPES[self.input.type])

    def infer(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return the outputs for one batch."""
        return list(self.session.run(None, {self.input.name: batch}))
