"""ONNX Runtime on this machine's processor."""

import numpy as np

from resunet_kit.inference._engines.engine import Engine
from resunet_kit.inference._optional import optional

DTYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(int32)": "int32", "tensor(int64)": "int64"}


class ONNXRuntimeEngine(Engine):
    """A converted model.

    Args:
        converted: An ONNX file with one input.
        threads: How many it may use.
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
