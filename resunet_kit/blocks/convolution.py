"""Convolution block, of which the others are composed."""

from collections.abc import Sequence
from typing import Any

from resunet_kit.blocks._checks import check_block
from resunet_kit.blocks._layers import Activation, Norm, activate, convolution, drop, normalization, suffixed


def conv_block(
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
    """Convolve, normalise, activate and apply dropout.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of the output.
        kernel_size: Kernel size in pixels, one integer or one for each spatial axis.
        strides: Stride in pixels; a height of `n` becomes `ceil(n / strides)`.
        dilation_rate: Distance between the kernel's taps in pixels.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        activation: A Keras activation's name, a callable from tensor to tensor, or None.
        dropout: Dropout rate, in [0, 1).
        use_bias: Whether the convolution has a bias. None: only where no normalisation follows, which would cancel it.
        kernel_initializer: Keras initialiser of the kernel.
        kernel_regularizer: Keras regulariser of the kernel.
        name: Prefix of the layers' names.

    Returns:
        Features with `filters` channels.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the rank, a size, a rate or a name is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import conv_block
        >>> conv_block(keras.Input((32, 32, 3)), 16, strides=2).shape
        (None, 16, 16, 16)
    """
    check_block(x, filters, kernel_size, strides, dilation_rate, norm, activation, dropout)
    return conv_norm_act(
        x,
        filters,
        kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
        norm=norm,
        activation=activation,
        dropout=dropout,
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        name=name,
    )


def conv_norm_act(
    x: Any,
    filters: int,
    kernel_size: int | Sequence[int] = 1,
    *,
    norm: Norm,
    activation: Activation = None,
    dropout: float = 0.0,
    use_bias: bool | None = None,
    name: str | None = None,
    **convolution_options: Any,
) -> Any:
    """Apply `conv_block` without checking the arguments, inside blocks that have done so."""
    x = convolution(
        x,
        filters,
        kernel_size,
        use_bias=norm is None if use_bias is None else use_bias,
        name=suffixed(name, "conv"),
        **convolution_options,
    )
    x = normalization(x, norm, name=suffixed(name, "norm"))
    x = activate(x, activation, name=suffixed(name, "act"))
    return drop(x, dropout, name=suffixed(name, "drop"))
