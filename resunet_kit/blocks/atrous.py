"""Residual block of parallel dilated (atrous) convolutions, the building block of ResUNet-a."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras

from resunet_kit._shared.numbers import integers
from resunet_kit.blocks._checks import check_block
from resunet_kit.blocks._layers import Activation, Norm, activate, convolution, drop, normalization, suffixed
from resunet_kit.blocks.residual import changes_shape


def atrous_residual_block(
    x: Any,
    filters: int,
    *,
    dilation_rates: Sequence[int] = (1, 3, 15, 31),
    kernel_size: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    norm: Norm = "batch",
    activation: Activation = "relu",
    dropout: float = 0.0,
    use_bias: bool | None = None,
    kernel_initializer: Any = None,
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Add to the input one branch per dilation rate, each of two normalise-activate-convolve steps at that rate.

    Where the shape changes, a 1x1 convolution projects the input first; all branches start from the projection.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of the output.
        dilation_rates: Distances between the kernels' taps in pixels, one for each branch.
        kernel_size: Size of the kernels in pixels.
        strides: Stride of the 1x1 convolution.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        activation: A Keras activation's name, a callable from tensor to tensor, or None.
        dropout: Dropout rate between the two convolutions of each branch, in [0, 1).
        use_bias: Whether convolutions have biases. None: only where no normalisation follows.
        kernel_initializer: Keras initialiser of the kernels. None: `"he_normal"`, with the variance divided among the
            branches' second convolutions, so that the sum of all branches initially has the variance of one branch.
        kernel_regularizer: Keras regulariser of the kernels.
        name: Prefix of the layers' names.

    Returns:
        Features with `filters` channels.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the rank, a size, a rate or a name is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import atrous_residual_block
        >>> atrous_residual_block(keras.Input((32, 32, 8)), 16, dilation_rates=(1, 3), strides=2).shape
        (None, 16, 16, 16)

    References:
        Diakogiannis et al. 2020, ResUNet-a, arXiv 1904.00592.
    """
    check_block(x, filters, kernel_size, strides, 1, norm, activation, dropout)
    rates = integers("dilation_rates", dilation_rates, "[1, inf)")
    initializers = {1: kernel_initializer or "he_normal", 2: kernel_initializer or _divided_he_normal(len(rates))}
    has_bias = {1: norm is None, 2: True} if use_bias is None else {1: use_bias, 2: use_bias}
    conv: Callable[..., Any] = partial(convolution, filters=filters, kernel_regularizer=kernel_regularizer)
    if changes_shape(x, filters, strides):
        options = {"kernel_initializer": initializers[1], "use_bias": has_bias[2]}
        x = conv(x, kernel_size=1, strides=strides, name=suffixed(name, "shortcut_conv"), **options)
    summands = [x]
    for i, rate in enumerate(rates, start=1):
        y = x
        for half in (1, 2):
            prefix = suffixed(name, f"branch{i}_{half}")
            y = normalization(y, norm, name=suffixed(prefix, "norm"))
            y = activate(y, activation, name=suffixed(prefix, "act"))
            y = drop(y, dropout if half == 2 else 0.0, name=suffixed(prefix, "drop"))
            options = {"kernel_initializer": initializers[half], "use_bias": has_bias[half]}
            y = conv(y, kernel_size=kernel_size, dilation_rate=rate, name=suffixed(prefix, "conv"), **options)
        summands.append(y)
    return keras.layers.Add(name=suffixed(name, "add"))(summands)


def _divided_he_normal(branches: int) -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(2.0 / branches, mode="fan_in", distribution="truncated_normal")
