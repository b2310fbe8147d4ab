"""The residual block of parallel dilated convolutions: what a level of ResUNet-a is made of."""

from collections.abc import Sequence
from typing import Any

import keras

from resunet_kit.blocks._layers import (
    Activation,
    Norm,
    activate,
    check_block,
    check_counts,
    convolution,
    drop,
    normalization,
    suffixed,
)
from resunet_kit.blocks.residual import project_shortcut


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
    """Add to the input, for each dilation rate, twice normalise-activate-convolve at that rate.

    Where the shape changes, a 1x1 convolution brings the input to the new shape first; all branches start from there.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of the output.
        dilation_rates: Distances between the kernels' taps in pixels, one branch each.
        kernel_size: Side of the kernels in pixels.
        strides: Step of the 1x1 convolution.
        norm: As in `conv_block`.
        activation: As in `conv_block`.
        dropout: Share of units dropped between the two convolutions of each branch, in [0, 1).
        use_bias: Whether convolutions have biases. None: only where no normalisation follows.
        kernel_initializer: Keras initialiser of the kernels. None: `"he_normal"`, with the variance divided among the
            branches' second convolutions, so that at first all branches together weigh as much as one.
        kernel_regularizer: Keras regulariser of the kernels.
        name: Prefix of the layers' names.

    Returns:
        Features with `filters` channels.

    Raises:
        ValueError: If the rank, a size, a rate or a name is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import atrous_residual_block
        >>> atrous_residual_block(keras.Input((32, 32, 8)), 16, dilation_rates=(1, 3), strides=2).shape
        (None, 16, 16, 16)

    References:
        Diakogiannis et al. 2020, ResUNet-a, arXiv 1904.00592.
    """
    check_block(
        x,
        filters,
        norm=norm,
        activation=activation,
        dropout=dropout,
        kernel_size=kernel_size,
        strides=strides,
    )
    rates = check_counts("dilation_rates", dilation_rates)
    initializers = {1: kernel_initializer or "he_normal", 2: kernel_initializer or _shared_he_normal(len(rates))}
    x = project_shortcut(
        x,
        filters,
        strides,
        norm=None,
        name=name,
        use_bias=use_bias is None or use_bias,
        kernel_initializer=initializers[1],
        kernel_regularizer=kernel_regularizer,
    )
    summands = [x]
    for i, rate in enumerate(rates, start=1):
        y = x
        for half, has_bias in ((1, norm is None), (2, True)):
            prefix = suffixed(name, f"branch{i}_{half}")
            y = activate(
                normalization(y, norm, name=suffixed(prefix, "norm")), activation, name=suffixed(prefix, "act")
            )
            y = drop(y, dropout if half == 2 else 0.0, name=suffixed(prefix, "drop"))
            y = convolution(
                y,
                filters,
                kernel_size,
                dilation_rate=rate,
                use_bias=has_bias if use_bias is None else use_bias,
                kernel_initializer=initializers[half],
                kernel_regularizer=kernel_regularizer,
                name=suffixed(prefix, "conv"),
            )
        summands.append(y)
    return keras.layers.Add(name=suffixed(name, "add"))(summands)


def _shared_he_normal(branches: int) -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(2.0 / branches, mode="fan_in", distribution="truncated_normal")
