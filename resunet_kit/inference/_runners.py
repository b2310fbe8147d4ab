"""Exported files, run in float32 by the engine of each format, for the comparison with the model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from resunet_kit.inference._optional import optional
from resunet_kit.inference._quiet import quiet

Run = Callable[[np.ndarray], list[np.ndarray]]


def load(path: Path, form: str) -> Run:
    """Load an exported file, and return a function from a batch to the list of outputs, in the model's order.

    Raises:
        ImportError: If the engine is not installed.
    """
    return LOADERS[form](path)


def load_onnx(path: Path) -> Run:
    """Load a file with ONNX Runtime on the CPU."""
    onnxruntime = optional("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    [image] = session.get_inputs()
    return lambda images: list(session.run(None, {image.name: images}))


def load_openvino(path: Path) -> Run:
    """Load a file with OpenVINO on the CPU, in float32; by default it computes in bfloat16 if the CPU can."""
    core = optional("openvino").Core()
    model = core.read_model(str(path), str(path.with_suffix(".bin")))
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: [np.array(output) for output in compiled(images).values()]


def load_litert(path: Path) -> Run:
    """Load a file with LiteRT: its own package if that is installed, else TensorFlow's copy."""
    with quiet():  # TensorFlow's copy says that it may be removed
        interpreter = _interpreter()(model_path=str(path))
    return lambda images: _run_litert(interpreter, images)


def _interpreter() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        import tensorflow as tf

        return tf.lite.Interpreter
    return Interpreter


def _run_litert(interpreter: Any, images: np.ndarray) -> list[np.ndarray]:
    [image] = interpreter.get_input_details()
    with quiet():  # it names the kernels that it chose
        interpreter.resize_tensor_input(image["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(image["index"], images)
        interpreter.invoke()
    return [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]


def load_saved_model(path: Path) -> Run:
    """Load a SavedModel with TensorFlow."""
    import tensorflow as tf

    with quiet():
        loaded = tf.saved_model.load(str(path))
    return lambda images: [output.numpy() for output in tf.nest.flatten(loaded.serve(images))]


LOADERS: dict[str, Callable[[Path], Run]] = {
    "onnx": load_onnx,
    "openvino": load_openvino,
    "litert": load_litert,
    "tf_saved_model": load_saved_model,
}
