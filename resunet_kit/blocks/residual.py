"""Residual blocks that activate after the sum: what a level of a ResNet is made of."""

from collections.abc import Sequence
from typing import Any

import keras

from resunet_kit.blocks._layers import (
    Activation,
    Norm,
    activate,
    check_block,
    check_count,
    check_sizes,
    spatial_rank,
    suffixed,
)
from resunet_kit.blocks.convolution import conv_block

LEAST_INNER = 4  # of one or two ReLU channels all are soon zero for every image


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
        kernel_size: Side of both kernels in pixels.
        strides: Step of the first convolution and of the projection.
        dilation_rate: Distance between the taps of both kernels in pixels.
        norm: As in `conv_block`.
        activation: As in `conv_block`.
        dropout: Share of units dropped between the convolutions, in [0, 1).
        use_bias: Whether convolutions have biases. None: only where no normalisation follows.
        kernel_initializer: Keras initialiser of the kernels.
        kernel_regularizer: Keras regulariser of the kernels.
        name: Prefix of the layers' names.

    Returns:
        Features with `filters` channels.

    Raises:
        ValueError: If the rank, a size, a rate or a name is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import residual_block
        >>> residual_block(keras.Input((32, 32, 16)), 32, strides=2).shape
        (None, 16, 16, 32)

    References:
        He et al. 2015, Deep residual learning for image recognition, arXiv 1512.03385.
    """
    check_block(
        x,
        filters,
        norm=norm,
        activation=activation,
        dropout=dropout,
        kernel_size=kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
    )
    options = _options(norm, use_bias, kernel_initializer, kernel_regularizer)
    shortcut = project_shortcut(x, filters, strides, norm=norm, name=name, **options)
    y = conv_block(
        x,
        filters,
        kernel_size=kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
        norm=norm,
        activation=activation,
        dropout=dropout,
        name=suffixed(name, "1"),
        **options,
    )
    y = conv_block(
        y,
        filters,
        kernel_size=kernel_size,
        dilation_rate=dilation_rate,
        norm=norm,
        activation=None,
        name=suffixed(name, "2"),
        **options,
    )
    y = keras.layers.Add(name=suffixed(name, "add"))([shortcut, y])
    return activate(y, activation, name=suffixed(name, "out"))


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
    """Add the input to 1x1, 3x3 and 1x1 convolutions, the inner two of `filters // expansion` channels, at least 4.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of the output, as in every block.
        expansion: How many times narrower the inner convolutions are.
        kernel_size: Side of the middle kernel in pixels.
        strides: Step of the middle convolution and of the projection.
        dilation_rate: Distance between the taps of the middle kernel in pixels.
        norm: As in `conv_block`.
        activation: As in `conv_block`.
        dropout: Share of units dropped after the middle convolution, in [0, 1).
        use_bias: Whether convolutions have biases. None: only where no normalisation follows.
        kernel_initializer: Keras initialiser of the kernels.
        kernel_regularizer: Keras regulariser of the kernels.
        name: Prefix of the layers' names.

    Returns:
        Features with `filters` channels.

    Raises:
        ValueError: If the rank, a size, a rate or a name is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import bottleneck_block
        >>> bottleneck_block(keras.Input((32, 32, 64)), 256).shape
        (None, 32, 32, 256)

    Note:
        `filters` counts the output's channels, where some ResNet codes count the inner ones.

    References:
        He et al. 2015, Deep residual learning for image recognition, arXiv 1512.03385.
    """
    check_block(
        x,
        filters,
        norm=norm,
        activation=activation,
        dropout=dropout,
        kernel_size=kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
    )
    options = _options(norm, use_bias, kernel_initializer, kernel_regularizer)
    inner = max(min(filters, LEAST_INNER), filters // check_count("expansion", expansion))
    shortcut = project_shortcut(x, filters, strides, norm=norm, name=name, **options)
    y = conv_block(x, inner, kernel_size=1, norm=norm, activation=activation, name=suffixed(name, "1"), **options)
    y = conv_block(
        y,
        inner,
        kernel_size=kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
        norm=norm,
        activation=activation,
        dropout=dropout,
        name=suffixed(name, "2"),
        **options,
    )
    y = conv_block(y, filters, kernel_size=1, norm=norm, activation=None, name=suffixed(name, "3"), **options)
    y = keras.layers.Add(name=suffixed(name, "add"))([shortcut, y])
    return activate(y, activation, name=suffixed(name, "out"))


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

    The shortcut is projected by a 1x1 convolution and a normalisation even where the shape stays.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of the output.
        kernel_size: Side of the second kernel in pixels.
        strides: Step of the first convolution and of the projection.
        dilation_rate: Distance between the taps of the second kernel in pixels.
        norm: As in `conv_block`.
        activation: As in `conv_block`.
        dropout: Share of units dropped between the convolutions, in [0, 1).
        use_bias: Whether convolutions have biases; the network that this block comes from has them.
        kernel_initializer: Keras initialiser of the kernels.
        kernel_regularizer: Keras regulariser of the kernels.
        name: Prefix of the layers' names.

    Returns:
        Features with `filters` channels.

    Raises:
        ValueError: If the rank, a size, a rate or a name is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import pointwise_residual_block
        >>> pointwise_residual_block(keras.Input((32, 32, 16)), 32).shape
        (None, 32, 32, 32)

    References:
        The ResUNet of the Healthcare_AI brain MRI notebook.
    """
    check_block(
        x,
        filters,
        norm=norm,
        activation=activation,
        dropout=dropout,
        kernel_size=kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
    )
    options = _options(norm, use_bias, kernel_initializer, kernel_regularizer)
    shortcut = conv_block(
        x,
        filters,
        kernel_size=1,
        strides=strides,
        norm=norm,
        activation=None,
        name=suffixed(name, "shortcut"),
        **options,
    )
    y = conv_block(
        x,
        filters,
        kernel_size=1,
        strides=strides,
        norm=norm,
        activation=activation,
        dropout=dropout,
        name=suffixed(name, "1"),
        **options,
    )
    y = conv_block(
        y,
        filters,
        kernel_size=kernel_size,
        dilation_rate=dilation_rate,
        norm=norm,
        activation=None,
        name=suffixed(name, "2"),
        **options,
    )
    y = keras.layers.Add(name=suffixed(name, "add"))([shortcut, y])
    return activate(y, activation, name=suffixed(name, "out"))


def _options(norm: Norm, use_bias: bool | None, kernel_initializer: Any, kernel_regularizer: Any) -> dict[str, Any]:
    return {
        "use_bias": norm is None if use_bias is None else use_bias,
        "kernel_initializer": kernel_initializer,
        "kernel_regularizer": kernel_regularizer,
    }


def project_shortcut(
    x: Any, filters: int, strides: int | Sequence[int], *, norm: Norm, name: str | None, **options: Any
) -> Any:
    """Return `x` itself where the block keeps its shape, else its projection."""
    keeps_size = set(check_sizes("strides", strides, spatial_rank(x))) == {1}
    if keeps_size and x.shape[-1] == filters:
        return x
    return conv_block(
        x,
        filters,
        kernel_size=1,
        strides=strides,
        norm=norm,
        activation=None,
        name=suffixed(name, "shortcut"),
        **options,
    )
