"""Tracing of a model's inference as a TensorFlow graph that other engines convert well."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from resunet_kit.inference._replaced_functions import Function, Replacement, replaced_functions

_ONE_AT_A_TIME = threading.RLock()


def traced(model: keras.Model, shape: Sequence[int | None] | None = None) -> Any:
    """Return the model's inference as a concrete function of one input, for any batch size.

    Args:
        model: A model of one input and weights in float32.
        shape: Shape of an image; None: the model's own.
    """
    import tensorflow as tf

    [inputs] = model.inputs
    spec = tf.TensorSpec((None, *(shape or inputs.shape[1:])), inputs.dtype, name=inputs.name)

    def infer(x: Any) -> Any:
        outputs = model(x, training=False)
        # Converters name outputs by the keys of a dictionary, which need not be unique or differ from layers' names.
        return keras.tree.flatten(outputs) if isinstance(outputs, dict) else outputs

    function = tf.function(infer, input_signature=[spec], autograph=False)
    with (
        _dilated_convolutions(),
        replaced_functions([Replacement(tf, "function", _without_xla), *variable_sizes(model)]),
    ):
        return function.get_concrete_function()


def variable_sizes(model: keras.Model) -> list[Replacement]:
    """Return replacements with which a model of variable size can be traced.

    Keras checks whether the size to resize to is above 0. If it is variable, it is not a Python number, so that
    `UpSampling2D(interpolation="bilinear")` works only for one size at a time.
    """
    layers = (layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.UpSampling2D))
    return [Replacement(layer, "_resize_images", _resized_by_tensorflow) for layer in layers]


def _resized_by_tensorflow(plain: Function) -> Function:
    import tensorflow as tf

    def resized(x: Any, height: int, width: int, data_format: str, interpolation: str = "nearest") -> Any:
        if interpolation == "nearest" or data_format == "channels_first" or None not in x.shape[1:3]:
            return plain(x, height, width, data_format, interpolation=interpolation)
        size = tf.shape(x)[1:3] * (height, width)
        return tf.cast(tf.image.resize(x, size, method=interpolation), x.dtype)

    return resized


def _without_xla(plain: Function) -> Function:
    """Leave out the separate function, for XLA, that Keras makes of a grouped convolution: converters keep it."""

    def function(func: Any = None, **options: Any) -> Any:
        if func is None and options == {"jit_compile": True}:
            return lambda inner: inner
        return plain(func, **options)

    return function


@contextlib.contextmanager
def _dilated_convolutions() -> Iterator[None]:
    """Trace dilated convolutions as such, after explicit padding.

    `tf.nn.convolution`, which Keras calls, turns one operation into three: pixels into the batch axis, a convolution,
    and back. LiteRT lacks the first and the last for volumes, tf2onnx converts them wrongly for a variable size, and
    other engines are slower. ONNX Runtime refuses "same" padding of a variable size for a dilated convolution.
    """
    import tensorflow as tf

    plain, thread = tf.nn.convolution, threading.get_ident()

    def convolution(
        x: Any, filters: Any, strides: Any = None, padding: str = "VALID", data_format: str | None = None,
        dilations: Any = None, name: str | None = None,
    ) -> Any:  # fmt: skip
        rank = len(filters.shape) - 2
        rates, steps = np.broadcast_to(dilations or 1, rank), np.broadcast_to(strides or 1, rank)
        first = (data_format or "").startswith("NC")
        if threading.get_ident() != thread or rank == 1 or max(rates) == 1 or max(steps) > 1 or first:
            return plain(x, filters, strides, padding, data_format, dilations, name)
        if padding == "SAME":
            added = [int(rate) * (size - 1) for rate, size in zip(rates, filters.shape[:rank], strict=True)]
            x = tf.pad(x, [(0, 0), *((total // 2, total - total // 2) for total in added), (0, 0)])
        operation = tf.nn.conv2d if rank == 2 else tf.nn.conv3d
        return operation(x, filters, [1] * (rank + 2), "VALID", dilations=[1, *map(int, rates), 1])

    with _ONE_AT_A_TIME:
        tf.nn.convolution = convolution
        try:
            yield
        finally:
            tf.nn.convolution = plain
