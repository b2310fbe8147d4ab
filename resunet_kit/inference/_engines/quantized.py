"""A model in 8-bit integers: the ranges of its features are those of calibration images."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from resunet_kit.inference._optional import optional
from resunet_kit.inference._quiet import quiet


def quantized(converted: bytes, images: np.ndarray) -> bytes:
    """Return an ONNX file whose convolutions and products take and give 8-bit integers.

    Args:
        converted: An ONNX file in float32 with one input.
        images: `(n, ...)`, as the model gets them.

    Raises:
        ImportError: If onnxruntime is not installed.

    References:
        Jacob et al. 2018, Quantization and training of neural networks, arXiv 1712.05877.
    """
    quantization = optional("onnxruntime.quantization")
    with tempfile.TemporaryDirectory() as folder, quiet():
        source, prepared, target = (Path(folder, name) for name in ("source.onnx", "prepared.onnx", "target.onnx"))
        source.write_bytes(converted)
        # Folds normalisations into convolutions, without which each has a scale of its own.
        optional("onnxruntime.quantization.shape_inference").quant_pre_process(
            source, prepared, skip_symbolic_shape=True
        )
        quantization.quantize_static(
            prepared,
            target,
            _reader(quantization, prepared.read_bytes(), images),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
        )
        return target.read_bytes()


def _reader(quantization: Any, converted: bytes, images: np.ndarray) -> Any:
    runtime = optional("onnxruntime")
    [inputs] = runtime.InferenceSession(converted, providers=["CPUExecutionProvider"]).get_inputs()

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc, name-defined]
        """One image at a time."""

        def __init__(self) -> None:
            self.batches: Iterator[np.ndarray] = iter(images[:, None])

        def get_next(self) -> dict[str, np.ndarray] | None:
            """Return the next image, None at the end."""
            batch = next(self.batches, None)
            return None if batch is None else {inputs.name: np.ascontiguousarray(batch, "float32")}

    return Reader()
