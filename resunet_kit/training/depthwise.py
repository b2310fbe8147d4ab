"""Depthwise convolutions in float32 where bfloat16 is slow."""

import logging

import keras

from resunet_kit.training.fused_norm import _check_model, _forget_compiled_steps, _has_gpu

DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)

logger = logging.getLogger(__name__)


def keep_depthwise_in_float32(model: keras.Model) -> keras.Model:
    """Run the depthwise convolutions of a mixed_bfloat16 model in float32, on TensorFlow without a GPU.

    There, TensorFlow's depthwise convolutions take about four times as long in bfloat16 as in float32, especially in
    the backward pass; the other layers are faster in bfloat16. A training step of `res_unet` on an EfficientNet-Lite0
    takes about a quarter less time. Elsewhere, and in other precisions, the model is returned unchanged.

    The layers keep their class and weights, and a saved model has the precision of each of them in its configuration.

    Args:
        model: Any Keras model, compiled or not.

    Returns:
        The same model.

    Raises:
        TypeError: If it is not a `keras.Model`.

    Example:
        >>> from resunet_kit.models import res_unet
        >>> from resunet_kit.training import keep_depthwise_in_float32
        >>> encoder = "efficientnet_lite0"
        >>> model = keep_depthwise_in_float32(res_unet((32, 32, 3), encoder=encoder, filters=(4, 8)))
    """
    _check_model(model)
    if keras.backend.backend() != "tensorflow" or _has_gpu():
        return model
    slow = [
        layer for layer in model._flatten_layers() if isinstance(layer, DEPTHWISE) and layer.compute_dtype == "bfloat16"
    ]
    for layer in slow:
        layer.dtype_policy = "float32"
    if slow:
        _forget_compiled_steps(model)
    logger.info("%s: %d depthwise convolutions in float32.", model.name, len(slow))
    return model
