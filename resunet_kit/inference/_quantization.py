"""Exported files in 8-bit integers, with the ranges of the features taken from calibration images."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resunet_kit.inference import _conversion
from resunet_kit.inference._optional import optional
from resunet_kit.inference._other_backend import on_tensorflow
from resunet_kit.inference._quiet import quiet
from resunet_kit.inference._writing import write_openvino

# Operations with weights. Others stay in float32: a variable size is counted by operations that 8-bit integers would
# round to wrong positions.
QUANTIZED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
FORMATS = ("onnx", "openvino", "litert")


def write_int8(model: keras.Model, path: Path, form: str, images: np.ndarray) -> None:
    """Write the model in 8-bit integers, with float32 inputs and outputs.

    Args:
        model: A model in float32.
        path: The file.
        form: One of `FORMATS`. LiteRT files of models with a variable size are made for the size of the images.
        images: `(n, ...)`, as the model gets them.

    References:
        Jacob et al. 2018, Quantization and training of neural networks, arXiv 1712.05877.
    """
    if form == "litert":
        path.write_bytes(_litert(model, images))
        return
    quantized = quantized_onnx(_conversion.to_onnx(model), images)
    if form == "onnx":
        path.write_bytes(quantized)
        return
    core = optional("openvino").Core()
    write_openvino(core.read_model(quantized), path)


def quantized_onnx(converted: bytes, images: np.ndarray) -> bytes:
    """Return an ONNX file whose convolutions and products with weights are computed in 8-bit integers.

    Args:
        converted: An ONNX file in float32 with one input.
        images: `(n, ...)`, as the model gets them.

    Raises:
        ImportError: If onnx or onnxruntime is not installed.
    """
    quantization, onnx = optional("onnxruntime.quantization"), optional("onnx")
    model = onnx.load_from_string(converted)
    constants = {constant.name for constant in model.graph.initializer}
    without_weights = [
        node.name for node in model.graph.node if node.op_type in QUANTIZED and constants.isdisjoint(node.input)
    ]
    with tempfile.TemporaryDirectory() as folder, quiet():
        target = Path(folder, "model.onnx")
        quantization.quantize_static(
            model,
            target,
            _reader(quantization, model.graph.input[0].name, images),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=list(QUANTIZED),
            nodes_to_exclude=without_weights,
        )
        return target.read_bytes()


def _reader(quantization: Any, name: str, images: np.ndarray) -> Any:
    class Reader(quantization.CalibrationDataReader):
        """One image at a time."""

        def __init__(self) -> None:
            self.batches = _batches(images)

        def get_next(self) -> dict[str, np.ndarray] | None:
            """Return the next image, or None at the end."""
            batch = next(self.batches, None)
            return None if batch is None else {name: batch}

    return Reader()


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    return (np.ascontiguousarray(image[None]) for image in images)


def _litert(model: keras.Model, images: np.ndarray) -> bytes:
    if not on_tensorflow():
        raise ValueError(
            'Expected Keras on TensorFlow for LiteRT in precision="int8". Received the backend '
            f"{keras.backend.backend()!r}. Load and export the model with KERAS_BACKEND=tensorflow."
        )
    import tensorflow as tf

    converter = _conversion.litert_converter(model, images.shape[1:])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([batch] for batch in _batches(images))
    # Operations without a kernel for integers stay in float32.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    return _conversion.convert_litert(converter)
