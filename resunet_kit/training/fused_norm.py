"""Batch normalisation as one fused TensorFlow operation, in models that remain stock Keras."""

import functools
import logging
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

HALVES_AND_SINGLES = {"float32", "bfloat16", "float16"}  # dtypes of the fused operation
CUDNN_EPSILON = 1.001e-5  # cuDNN refuses smaller values
FUSED = "fused"

logger = logging.getLogger(__name__)


def fuse_normalization(model: keras.Model) -> keras.Model:
    """Run every `BatchNormalization` of a model as one fused TensorFlow operation, in training and in inference.

    Keras computes batch normalisation from a mean, a variance and arithmetic, in float32 under mixed precision.
    TensorFlow's `FusedBatchNormV3` takes features in their own precision. Results, gradients and moving statistics
    equal those of Keras up to rounding.

    The layers keep Keras's class, weights and configuration: a saved model is a plain one, and loads where this package
    is not installed. A loaded, cloned or copied model is therefore not fused; fuse it again.

    Layers are also found in nested models and inside other layers, including those of `keras.applications` and of your
    own classes. Not fused are layers that normalise an axis other than the last, those with `synchronized` or `renorm`,
    those in float64, and those of a class with a computation of its own; calls with a mask fall back to Keras.
    `fusion_report` gives the reasons. On other backends the model is returned unchanged.

    Args:
        model: Any Keras model, compiled or not. It stays compiled as it was, and keeps the optimizer's state.

    Returns:
        The same model.

    Raises:
        TypeError: If it is not a `keras.Model`.

    Example:
        >>> from resunet_kit.models import res_unet
        >>> from resunet_kit.training import fuse_normalization
        >>> model = fuse_normalization(res_unet((32, 32, 1), filters=(4, 8)))

    References:
        Ioffe and Szegedy 2015, Batch normalization, arXiv 1502.03167.
    """
    _check_model(model)
    if keras.backend.backend() != "tensorflow":
        logger.info("Backend %s: normalisations are left as they are.", keras.backend.backend())
        return model
    fresh = [layer for layer in _normalizations(model) if _reason_to_leave(layer) is None and not _is_fused(layer)]
    for layer in fresh:
        layer.call = functools.partial(_fused_call, layer)
    if fresh:
        _forget_compiled_steps(model)
    if not model.built:
        logger.warning("%s is not built: normalisations that it makes when built are not fused.", model.name)
    report = fusion_report(model)
    left = {path: reason for path, reason in report.items() if reason != FUSED}
    logger.info("%s: %d normalisations fused, %d left %s", model.name, len(report) - len(left), len(left), left or "")
    return model


def fusion_report(model: keras.Model) -> dict[str, str]:
    """Report for every `BatchNormalization` of a model whether it runs fused, and if not, why.

    Args:
        model: Any Keras model.

    Returns:
        `"fused"`, or the reason why not, keyed by the layer's path.

    Raises:
        TypeError: If it is not a `keras.Model`.

    Example:
        >>> import keras
        >>> from resunet_kit.training import fusion_report
        >>> norm = keras.layers.BatchNormalization(axis=1, name="norm")
        >>> fusion_report(keras.Sequential([keras.Input((8, 8, 3)), norm], name="net"))
        {'net/norm': 'it normalises axis 1, not the last'}
    """
    _check_model(model)
    report: dict[str, str] = {}
    for layer in _normalizations(model):
        path = name = layer.path or layer.name
        while path in report:  # layers of custom models may have the same name
            path = f"{name} ({1 + sum(key.startswith(name) for key in report)})"
        report[path] = _state(layer)
    return report


def _state(layer: keras.layers.BatchNormalization) -> str:
    if keras.backend.backend() != "tensorflow":
        return f"the backend is {keras.backend.backend()}"
    return FUSED if _is_fused(layer) else _reason_to_leave(layer) or "not fused yet"


def _check_model(model: Any) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"Expected model to be a keras.Model. Received model={model!r}. Pass the model itself; a single layer as "
            "keras.Sequential([layer])."
        )


def _normalizations(model: keras.Model) -> Iterator[keras.layers.BatchNormalization]:
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer


def _is_fused(layer: keras.layers.BatchNormalization) -> bool:
    own = vars(layer).get("call")
    return isinstance(own, functools.partial) and own.func is _fused_call


def _reason_to_leave(layer: keras.layers.BatchNormalization) -> str | None:
    """Return why a layer cannot run fused; None if it can."""
    plain = keras.layers.BatchNormalization
    if any(getattr(type(layer), name) is not getattr(plain, name) for name in ("call", "_moments")):
        return "its class computes in a way of its own"
    if "call" in vars(layer) and not _is_fused(layer):
        return "its call has been replaced"
    if layer.synchronized:
        return "it synchronises its statistics"
    if layer.renorm:
        return "it renormalises"
    if layer.compute_dtype not in HALVES_AND_SINGLES:
        return f"it computes in {layer.compute_dtype}"
    if layer.axis != -1 and not (layer.built and layer.axis == layer.input_spec.ndim - 1):
        return f"it normalises axis {layer.axis}, not the last"
    if layer.epsilon < CUDNN_EPSILON and _has_gpu():
        return f"its epsilon is below the {CUDNN_EPSILON} that cuDNN takes"
    return None


def _has_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _forget_compiled_steps(model: keras.Model) -> None:
    """Make the next fit, evaluate and predict retrace the model, which keeps its optimizer and losses."""
    for part in model._flatten_layers():
        if isinstance(part, keras.Model):
            part.train_function = part.test_function = part.predict_function = None


def _fused_call(
    layer: keras.layers.BatchNormalization, inputs: Any, training: bool | None = None, mask: Any = None
) -> Any:
    """Compute the same as `BatchNormalization.call`."""
    import tensorflow as tf

    dense = isinstance(inputs, tf.Tensor) and inputs.dtype.name == layer.compute_dtype in HALVES_AND_SINGLES
    if mask is not None or not dense or inputs.shape.rank is None or inputs.shape.rank < 2:
        return type(layer).call(layer, inputs, training=training, mask=mask)

    x = _with_four_axes(inputs)
    moving_mean, moving_variance = ops.cast(layer.moving_mean, "float32"), ops.cast(layer.moving_variance, "float32")
    learns = bool(training and layer.trainable)
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=ops.cast(layer.gamma, "float32") if layer.scale else tf.ones_like(moving_mean),
        offset=ops.cast(layer.beta, "float32") if layer.center else tf.zeros_like(moving_mean),
        mean=tf.zeros([0]) if learns else moving_mean,
        variance=tf.zeros([0]) if learns else moving_variance,
        epsilon=layer.epsilon,
        is_training=learns,
    )
    if learns:
        mean, variance = _population_moments(x, mean, variance)
        kept = layer.momentum
        layer.moving_mean.assign(moving_mean * kept + mean * (1.0 - kept))
        layer.moving_variance.assign(moving_variance * kept + variance * (1.0 - kept))
    return y if x is inputs else tf.ensure_shape(tf.reshape(y, tf.shape(inputs)), inputs.shape)


def _with_four_axes(inputs: Any) -> Any:
    """Reshape the features to (batch, rows, columns, channels), which moves no value."""
    import tensorflow as tf

    rank = inputs.shape.rank
    if rank == 4:
        return inputs
    size = tf.shape(inputs)
    if rank == 2:
        shape = [1, size[0], 1, size[1]]  # as rows: cuDNN limits the batch
    elif rank == 3:
        shape = [size[0], size[1], 1, size[2]]
    else:
        shape = [size[0], tf.reduce_prod(size[1:-2]), size[-2], size[-1]]
    return tf.ensure_shape(tf.reshape(inputs, shape), [None, None, None, inputs.shape[-1]])


def _population_moments(x: Any, mean: Any, variance: Any) -> tuple[Any, Any]:
    """Return the moments as Keras defines them: the variance divides by n, while that of the operation uses n - 1."""
    import tensorflow as tf

    count = tf.reduce_prod(tf.cast(tf.shape(x)[:-1], "float32"))
    mean = mean * (count / count)  # NaN for an empty batch, as in Keras
    # The variance of a single value is zero, or NaN if it is not finite; n - 1 would divide by zero.
    return mean, tf.where(count > 1, variance * ((count - 1) / count), mean - mean)
