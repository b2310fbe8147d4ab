"""Writers of the file, or files, of each format."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from resunet_kit.inference import _conversion
from resunet_kit.inference._optional import optional

SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "litert": ".tflite", "tf_saved_model": ""}

# Packages that write and run each format. TensorFlow, which the package needs anyway, has LiteRT.
ENGINES = {"onnx": ("onnx", "tf2onnx", "onnxruntime"), "openvino": ("openvino",), "litert": (), "tf_saved_model": ()}


def write(model: keras.Model, path: Path, form: str) -> None:
    """Convert the model and write it: one file, an .xml and a .bin, or the folder of a SavedModel."""
    WRITERS[form](model, path)


def write_openvino(converted: Any, path: Path) -> None:
    """Write an `openvino.Model` as `path`, and its weights unchanged as the `.bin` of the same name."""
    optional("openvino").serialize(converted, str(path), str(path.with_suffix(".bin")))


WRITERS: dict[str, Callable[[keras.Model, Path], object]] = {
    "onnx": lambda model, path: path.write_bytes(_conversion.to_onnx(model)),
    "openvino": lambda model, path: write_openvino(_conversion.to_openvino(model), path),
    "litert": lambda model, path: path.write_bytes(_conversion.to_litert(model)),
    "tf_saved_model": _conversion.write_saved_model,
}
