"""Residual block with pre-activation, the building block of the Deep ResUNet."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras

from resunet_kit.blocks._checks import check_block
from resunet_kit.blocks._layers import Activation, Norm, activate, convolution, drop, normalization, suffixed
from resunet_kit.blocks.convolution import conv_norm_act
from resunet_kit.blocks.residual import changes_shape


def preactivation_block(
    x: Any,
    filters: int,
    *,
    kernel_size: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    dilation_rate: int | Sequence[int] = 1,
    norm: Norm = "batch",
    activation: Activation = "relu",
    dropout: float = 0.0,
    preactivate_input: bool = True,
    normalize_shortcut: bool = False,
    use_bias: bool | None = None,
    kernel_initializer: Any = "he_normal",
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Add two normalise-activate-convolve steps to the input; nothing follows the sum.

    The shortcut is the input itself; where the shape changes, a 1x1 convolution projects it.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of the output.
        kernel_size: Size of both kernels in pixels.
        strides: Stride of the first convolution and of the projection.
        dilation_rate: Distance between the taps of both kernels in pixels.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        activation: A Keras activation's name, a callable from tensor to tensor, or None.
        dropout: Dropout rate before the second convolution, in [0, 1).
        preactivate_input: Whether normalisation and activation precede the first convolution. Pass False for the first
            block of a network, which should see the image itself.
        normalize_shortcut: Whether the projection of the shortcut, where there is one, is normalised.
        use_bias: Whether convolutions have biases. None: only where neither a normalisation nor the bias of the other
            summand makes one redundant.
        kernel_initializer: Keras initialiser of the kernels.
        kernel_regularizer: Keras regulariser of the kernels.
        name: Prefix of the layers' names.

    Returns:
        Features with `filters` channels.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the rank, a size, a rate or a name is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import preactivation_block
        >>> preactivation_block(keras.Input((16, 32, 32, 4)), 8, strides=(1, 2, 2)).shape
        (None, 16, 16, 16, 8)

    References:
        He et al. 2016, Identity mappings in deep residual networks, arXiv 1603.05027.
        Zhang et al. 2018, Road extraction by deep residual U-Net, arXiv 1711.10684.
    """
    check_block(x, filters, kernel_size, strides, dilation_rate, norm, activation, dropout)
    kernel = {"kernel_initializer": kernel_initializer, "kernel_regularizer": kernel_regularizer}
    conv: Callable[..., Any] = partial(
        convolution, filters=filters, kernel_size=kernel_size, dilation_rate=dilation_rate, **kernel
    )
    shortcut = x
    if changes_shape(x, filters, strides):
        shortcut_norm = norm if normalize_shortcut else None
        prefix = suffixed(name, "shortcut")
        shortcut = conv_norm_act(
            x, filters, strides=strides, norm=shortcut_norm, use_bias=bool(use_bias), name=prefix, **kernel
        )
    y = x
    if preactivate_input:
        y = normalization(y, norm, name=suffixed(name, "1_norm"))
        y = activate(y, activation, name=suffixed(name, "1_act"))
    first_bias = norm is None if use_bias is None else use_bias
    y = conv(y, strides=strides, use_bias=first_bias, name=suffixed(name, "1_conv"))
    y = normalization(y, norm, name=suffixed(name, "2_norm"))
    y = activate(y, activation, name=suffixed(name, "2_act"))
    y = drop(y, dropout, name=suffixed(name, "2_drop"))
    y = conv(y, use_bias=use_bias is None or use_bias, name=suffixed(name, "2_conv"))
    return keras.layers.Add(name=suffixed(name, "add"))([shortcut, y])
