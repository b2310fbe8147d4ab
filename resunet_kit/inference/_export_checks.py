"""Checks of the arguments of `export`, before anything is converted."""

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resunet_kit.inference._quantization import FORMATS
from resunet_kit.inference._writing import SUFFIXES

# A folder with such a name would be mistaken for a file.
FILE_SUFFIXES = {".onnx", ".xml", ".bin", ".tflite", ".keras", ".h5", ".pb"}


def check_model(model: Any) -> None:
    """Refuse models that cannot be exported.

    Raises:
        TypeError: If it is not a keras.Model.
        ValueError: If it has not been built with keras.Input, has several inputs, or weights that are not finite.
    """
    if not isinstance(model, keras.Model):
        cure = "Pass its attribute model." if hasattr(model, "model") else "Load or build one first."
        raise TypeError(f"Expected model to be a keras.Model. Received model={model!r}. {cure}")
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise ValueError(
            f"Expected a functional or sequential model that has been built. Received {model!r}. Build it with "
            "keras.Input: keras.Model(inputs, model(inputs))."
        )
    if len(inputs) > 1:
        raise ValueError(
            f"Expected a model of one input. Received one of {len(inputs)}: {[one.name for one in inputs]}. "
            "Concatenate them in front of the model: keras.Model(image, model([image[..., :1], image[..., 1:]]))."
        )
    for weight in model.weights:
        if not bool(keras.ops.all(keras.ops.isfinite(keras.ops.cast(weight, "float32")))):
            raise ValueError(
                f"Expected finite weights. Received NaN or infinities in {weight.path!r}. Restore weights from before "
                "the training failed."
            )


def check_path(path: Any, form: str) -> Path:
    """Return the path, whose suffix must be that of the format.

    Raises:
        TypeError: If it is not a path.
        ValueError: If the suffix is different.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"Expected path to be a string or a path. Received path={path!r}. Pass the name of a file.")
    found = Path(path)
    suffix = SUFFIXES[form]
    if suffix and found.suffix != suffix:
        others = [other for other, ending in SUFFIXES.items() if ending and ending == found.suffix]
        cure = f"Pass {str(found.with_suffix(suffix))!r}" if found.name else "Name a file"
        raise ValueError(
            f"Expected a path that ends with {suffix!r} for format={form!r}. Received path={str(path)!r}. {cure}"
            f"{f', or format={others[0]!r}' if others else ''}."
        )
    if not suffix and found.suffix in FILE_SUFFIXES:
        raise ValueError(
            f"Expected a path of a folder for format={form!r}. Received path={str(path)!r}, which reads as a file. "
            f"Pass {str(found.with_suffix(''))!r}."
        )
    return found


def check_calibration(model: keras.Model, form: str, precision: str, calibration: Any, truths: Any) -> Any:
    """Return the calibration images as an array of the input's dtype; None for float32.

    Raises:
        TypeError: If the images are not numbers.
        ValueError: If the format has no int8, or images are missing, unwanted, not finite or of another shape.
    """
    if precision == "float32":
        if calibration is not None or truths is not None:
            name = "calibration" if calibration is not None else "truths"
            raise ValueError(
                f'Expected {name} with precision="int8" alone. Received {name} and precision="float32". Pass '
                f'precision="int8", or leave {name} out.'
            )
        return None
    if form not in FORMATS:
        raise ValueError(
            f"Expected one of the formats {', '.join(map(repr, FORMATS))} for precision='int8'. Received "
            f"format={form!r}. Pass one of these."
        )
    if calibration is None:
        raise ValueError(
            'Expected calibration images for precision="int8", which needs the range of every feature. Received '
            "calibration=None. Pass about 100 images as the model gets them, from the training data."
        )
    return _images(model, calibration)


def _images(model: keras.Model, calibration: Any) -> np.ndarray:
    [inputs] = model.inputs
    images = np.asarray(calibration)
    if images.dtype.kind not in "fiub":
        raise TypeError(
            f"Expected calibration to be an array of images. Received dtype {images.dtype}. Stack images of one size "
            "with numpy.stack."
        )
    wanted = tuple(inputs.shape[1:])
    fits = images.ndim == len(wanted) + 1 and all(n in (None, m) for n, m in zip(wanted, images.shape[1:], strict=True))
    if not fits or not len(images):
        raise ValueError(
            f"Expected calibration of shape (n, {', '.join(map(str, wanted))}), as the model's input. Received shape "
            f"{images.shape}. Stack images of one size with numpy.stack."
        )
    if not np.isfinite(images).all():
        raise ValueError(
            "Expected finite calibration images. Received NaN or infinities. Replace them, as with numpy.nan_to_num."
        )
    return images.astype(keras.backend.standardize_dtype(inputs.dtype))
