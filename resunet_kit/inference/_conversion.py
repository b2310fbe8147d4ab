"""Conversion of Keras models to the formats of other engines, by TensorFlow's converters.

The model's inference is traced once, for any batch size and the model's own shape, and its weights become constants, so
that every converter can fold, fuse and quantise them. Under mixed precision its float32 twin is converted. Nothing is
checked here; `export` compares the results with the model's.

On JAX and PyTorch, a separate process loads the saved model on TensorFlow and converts it there.
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from resunet_kit.inference import _other_backend
from resunet_kit.inference._float32_twin import float32_twin
from resunet_kit.inference._onnx_graph import onnx_model
from resunet_kit.inference._optional import optional
from resunet_kit.inference._quiet import quiet
from resunet_kit.inference._replaced_functions import replaced_functions
from resunet_kit.inference._tracing import traced, variable_sizes


def to_openvino(model: keras.Model) -> Any:
    """Return an `openvino.Model` in float32, with the names of the model's inputs and outputs.

    Raises:
        ImportError: If OpenVINO is not installed.
    """
    openvino = optional("openvino")
    if not _other_backend.on_tensorflow():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.xml")
            _other_backend.write(model, path, "openvino")
            return openvino.Core().read_model(path, path.with_suffix(".bin")).clone()
    with quiet():
        function = traced(float32_twin(model))
        converted = _by_openvino(openvino, function)
    # The converter also makes outputs of tensors that no operation reads.
    found = {name: result for result in converted.get_results() for name in result.output(0).names}
    results = [found[tensor.name] for tensor in function.outputs]
    converted = openvino.Model(results, converted.get_parameters(), model.name)
    converted.inputs[0].tensor.set_names({model.inputs[0].name})
    for port, name in zip(converted.outputs, output_names(model), strict=True):
        port.tensor.set_names({name})
    return converted


def _by_openvino(openvino: Any, function: Any) -> Any:
    try:
        return openvino.convert_model(function)
    except Exception as error:
        lacking = re.search(r"No conversion rule found for operations: (.+)$", str(error), re.MULTILINE)
        if lacking is None:
            raise
        raise ValueError(
            f"Expected a model of operations that OpenVINO has. Received one with {lacking[1].strip()}, which it "
            'lacks. Export to "onnx" or "tf_saved_model", or build the model without.'
        ) from error


def to_onnx(model: keras.Model) -> bytes:
    """Return an ONNX file in float32, with the names of the model's inputs, outputs and variable axes.

    Raises:
        ImportError: If onnx or tf2onnx is not installed.
    """
    optional("onnx")
    optional("tf2onnx")
    if not _other_backend.on_tensorflow():
        return _bytes_of(model, "onnx")
    with quiet():
        return bytes(
            onnx_model(traced(float32_twin(model)), model.inputs[0].name, output_names(model)).SerializeToString()
        )


def to_litert(model: keras.Model) -> bytes:
    """Return a LiteRT file in float32 with only LiteRT's own operations: no runtime except TensorFlow's has others.

    Raises:
        ValueError: If the model has an operation that LiteRT lacks, such as 3-D max-pooling, or computes wrongly:
            dilated 3-D convolutions.
    """
    return convert_litert(litert_converter(model)) if _other_backend.on_tensorflow() else _bytes_of(model, "litert")


def litert_converter(model: keras.Model, shape: Sequence[int | None] | None = None) -> Any:
    """Return TensorFlow's converter for the model, to pass to `convert_litert`; callers may set its options.

    Args:
        model: A model of one input.
        shape: Shape of an image, if it should be less variable than the model's.

    Raises:
        ValueError: If the model has dilated 3-D convolutions.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    with quiet():
        frozen = convert_variables_to_constants_v2(traced(float32_twin(model), shape))
        _refuse_dilated_volumes(frozen.graph)
        return tf.lite.TFLiteConverter.from_concrete_functions([frozen])


def convert_litert(converter: Any) -> bytes:
    """Run a converter to LiteRT.

    Raises:
        ValueError: If the model has an operation that LiteRT lacks.
    """
    try:
        with quiet():
            return bytes(converter.convert())
    except Exception as error:
        lacking = re.search(r"^(?:TF Select|Custom) ops: (.+)$", str(error), re.MULTILINE)
        if lacking is None:
            raise
        raise ValueError(
            f"Expected a model of operations that LiteRT has. Received one with {lacking[1]}, which it lacks. Export "
            'to "onnx" or "openvino", or build the model without: volumes are pooled and dilated by these.'
        ) from error


def _refuse_dilated_volumes(graph: Any) -> None:
    """Refuse operations that LiteRT (TensorFlow 2.21) converts, but then computes wrongly or crashes on."""
    for operation in graph.get_operations():
        if operation.type == "Conv3D" and max(operation.get_attr("dilations")) > 1:
            raise ValueError(
                "Expected a model of operations that LiteRT has. Received one with dilated 3-D convolutions, whose "
                'results are wrong there. Export to "onnx" or "openvino", or build the model without dilation.'
            )


def write_saved_model(model: keras.Model, folder: Path) -> None:
    """Write a SavedModel with the endpoint `serve`, in float32, into a folder."""
    if not _other_backend.on_tensorflow():
        _other_backend.write(model, folder, "tf_saved_model")
        return
    twin = float32_twin(model)
    with quiet(), replaced_functions(variable_sizes(twin)):
        twin.export(folder, format="tf_saved_model", verbose=False)


def output_names(model: keras.Model) -> list[str]:
    """Return a unique name for each output, after its layer."""
    names: list[str] = []
    sequential = isinstance(model, keras.Sequential)  # which has no names of outputs
    for name in [model.layers[-1].name] if sequential else model.output_names:
        names.append(name if name not in names else f"{name}_{len(names)}")
    return names


def _bytes_of(model: keras.Model, form: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        _other_backend.write(model, path, form)
        return path.read_bytes()
