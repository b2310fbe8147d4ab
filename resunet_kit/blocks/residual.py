"""Residual blocks that activate after the sum, the building blocks of ResNets."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras

from resunet_kit._shared.numbers import integer
from resunet_kit.blocks._checks import check_block
from resunet_kit.blocks._layers import Activation, Norm, activate, per_axis, spatial_rank, suffixed
from resunet_kit.blocks.convolution import conv_norm_act

MIN_INNER_CHANNELS = 4  # one or two ReLU channels are soon zero for every image


def residual_block(
    x: Any,
    filters: int,
    *,
    kernel_size: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    dilation_rate: int | Sequence[int] = 1,
    norm: Norm = "batch",
    activation: Activation = "relu",
    dropout: float = 0.0,
    use_bias: bool | None = None,
    kernel_initializer: Any = "he_normal",
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Add the input to convolve-normalise-activate-convolve-normalise, then activate.

    The shortcut is the input itself; where the shape changes, a 1x1 convolution and a normalisation project it.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of the output.
        kernel_size: Size of both kernels in pixels.
        strides: Stride of the first convolution and of the projection.
        dilation_rate: Distance between the taps of both kernels in pixels.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        activation: A Keras activation's name, a callable from tensor to tensor, or None.
        dropout: Dropout rate between the convolutions, in [0, 1).
        use_bias: Whether convolutions have biases. None: only where no normalisation follows.
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
        >>> from resunet_kit.blocks import residual_block
        >>> residual_block(keras.Input((32, 32, 16)), 32, strides=2).shape
        (None, 16, 16, 32)

    References:
        He et al. 2015, Deep residual learning for image recognition, arXiv 1512.03385.
    """
    check_block(x, filters, kernel_size, strides, dilation_rate, norm, activation, dropout)
    kernel = {"kernel_initializer": kernel_initializer, "kernel_regularizer": kernel_regularizer}
    conv: Callable[..., Any] = partial(conv_norm_act, norm=norm, use_bias=use_bias, **kernel)
    shortcut = x
    if changes_shape(x, filters, strides):
        shortcut = conv(x, filters, strides=strides, name=suffixed(name, "shortcut"))
    y = conv(
        x,
        filters,
        kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
        activation=activation,
        dropout=dropout,
        name=suffixed(name, "1"),
    )
    y = conv(y, filters, kernel_size, dilation_rate=dilation_rate, name=suffixed(name, "2"))
    return _add(shortcut, y, activation, name)


def bottleneck_block(
    x: Any,
    filters: int,
    *,
    expansion: int = 4,
    kernel_size: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    dilation_rate: int | Sequence[int] = 1,
    norm: Norm = "batch",
    activation: Activation = "relu",
    dropout: float = 0.0,
    use_bias: bool | None = None,
    kernel_initializer: Any = "he_normal",
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Add the input to 1x1, 3x3 and 1x1 convolutions, the first two with `filters // expansion` channels, at least 4.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of the output.
        expansion: Ratio of the output's channels to those of the inner convolutions.
        kernel_size: Size of the middle kernel in pixels.
        strides: Stride of the middle convolution and of the projection.
        dilation_rate: Distance between the taps of the middle kernel in pixels.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        activation: A Keras activation's name, a callable from tensor to tensor, or None.
        dropout: Dropout rate after the middle convolution, in [0, 1).
        use_bias: Whether convolutions have biases. None: only where no normalisation follows.
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
        >>> from resunet_kit.blocks import bottleneck_block
        >>> bottleneck_block(keras.Input((32, 32, 64)), 256).shape
        (None, 32, 32, 256)

    Note:
        `filters` is the number of output channels; some ResNet implementations count the inner ones instead.

    References:
        He et al. 2015, Deep residual learning for image recognition, arXiv 1512.03385.
    """
    check_block(x, filters, kernel_size, strides, dilation_rate, norm, activation, dropout)
    inner = max(min(filters, MIN_INNER_CHANNELS), filters // integer("expansion", expansion, "[1, inf)"))
    kernel = {"kernel_initializer": kernel_initializer, "kernel_regularizer": kernel_regularizer}
    conv: Callable[..., Any] = partial(conv_norm_act, norm=norm, use_bias=use_bias, **kernel)
    shortcut = x
    if changes_shape(x, filters, strides):
        shortcut = conv(x, filters, strides=strides, name=suffixed(name, "shortcut"))
    y = conv(x, inner, activation=activation, name=suffixed(name, "1"))
    y = conv(
        y,
        inner,
        kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
        activation=activation,
        dropout=dropout,
        name=suffixed(name, "2"),
    )
    y = conv(y, filters, name=suffixed(name, "3"))
    return _add(shortcut, y, activation, name)


def pointwise_residual_block(
    x: Any,
    filters: int,
    *,
    kernel_size: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    dilation_rate: int | Sequence[int] = 1,
    norm: Norm = "batch",
    activation: Activation = "relu",
    dropout: float = 0.0,
    use_bias: bool = True,
    kernel_initializer: Any = "he_normal",
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Add a projection of the input to a 1x1 and a 3x3 convolution, then activate.

    A 1x1 convolution and a normalisation project the shortcut even where the shape stays the same.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of the output.
        kernel_size: Size of the second kernel in pixels.
        strides: Stride of the first convolution and of the projection.
        dilation_rate: Distance between the taps of the second kernel in pixels.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        activation: A Keras activation's name, a callable from tensor to tensor, or None.
        dropout: Dropout rate between the convolutions, in [0, 1).
        use_bias: Whether convolutions have biases. They do in the network that this block comes from.
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
        >>> from resunet_kit.blocks import pointwise_residual_block
        >>> pointwise_residual_block(keras.Input((32, 32, 16)), 32).shape
        (None, 32, 32, 32)

    References:
        The ResUNet of the Healthcare_AI brain MRI notebook.
    """
    check_block(x, filters, kernel_size, strides, dilation_rate, norm, activation, dropout)
    kernel = {"kernel_initializer": kernel_initializer, "kernel_regularizer": kernel_regularizer}
    conv: Callable[..., Any] = partial(conv_norm_act, norm=norm, use_bias=use_bias, **kernel)
    shortcut = conv(x, filters, strides=strides, name=suffixed(name, "shortcut"))
    y = conv(x, filters, strides=strides, activation=activation, dropout=dropout, name=suffixed(name, "1"))
    y = conv(y, filters, kernel_size, dilation_rate=dilation_rate, name=suffixed(name, "2"))
    return _add(shortcut, y, activation, name)


def changes_shape(x: Any, filters: int, strides: int | Sequence[int]) -> bool:
    """Return whether the shortcut needs a projection, because of strides or a different number of channels."""
    return bool(x.shape[-1] != filters or max(per_axis(strides, spatial_rank(x))) > 1)


def _add(shortcut: Any, y: Any, activation: Activation, name: str | None) -> Any:
    y = keras.layers.Add(name=suffixed(name, "add"))([shortcut, y])
    return activate(y, activation, name=suffixed(name, "out"))
