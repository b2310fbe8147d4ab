"""Context modules: dilated convolutions at several rates (ASPP), and means over grids of several sizes."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, get_args

import keras

from resunet_kit._shared.numbers import choice, integers
from resunet_kit.blocks._checks import check_block
from resunet_kit.blocks._layers import Activation, Norm, suffixed
from resunet_kit.blocks._resizing import grid_means, positions, resize_to
from resunet_kit.blocks.convolution import conv_norm_act

Merge = Literal["sum", "concat"]
MERGES: tuple[str, ...] = get_args(Merge)
# A grid of one cell has a single value per channel: normalised over its own image, it is zero for every image.
NORMS_OVER_IMAGES = ("batch", "group", "instance")


def aspp(
    x: Any,
    filters: int,
    *,
    dilation_rates: Sequence[int] = (6, 12, 18),
    merge: Merge = "sum",
    kernel_size: int | Sequence[int] = 3,
    norm: Norm = "batch",
    activation: Activation = None,
    dropout: float = 0.0,
    use_bias: bool | None = None,
    kernel_initializer: Any = "he_normal",
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Pool context at several scales: a plain and several dilated convolutions, merged and mixed by a 1x1 convolution.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        filters: Channels of every branch and of the output.
        dilation_rates: Distances between the kernels' taps in pixels, one for each branch.
        merge: `"sum"` of the branches, as in ResUNet++, or `"concat"`, as in DeepLab.
        kernel_size: Size of the branches' kernels in pixels.
        norm: Normalisation of each branch: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from
            tensor to tensor.
        activation: Activation of each branch: a Keras activation's name, a callable from tensor to tensor, or None.
        dropout: Dropout rate in each branch, in [0, 1).
        use_bias: Whether the branches have biases. None: only where no normalisation follows.
        kernel_initializer: Keras initialiser of the kernels.
        kernel_regularizer: Keras regulariser of the kernels.
        name: Prefix of the layers' names.

    Returns:
        Features of the same spatial shape with `filters` channels.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the rank, a rate or a name is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import aspp
        >>> aspp(keras.Input((32, 32, 16)), 8).shape
        (None, 32, 32, 8)

    References:
        Chen et al. 2018, DeepLab, arXiv 1606.00915. Jha et al. 2019, ResUNet++, arXiv 1911.07067.
    """
    check_block(x, filters, kernel_size, norm=norm, activation=activation, dropout=dropout)
    choice("merge", merge, MERGES)
    rates = (1, *integers("dilation_rates", dilation_rates, "[1, inf)"))
    kernel = {"kernel_initializer": kernel_initializer, "kernel_regularizer": kernel_regularizer}
    branch: Callable[..., Any] = partial(
        conv_norm_act, norm=norm, activation=activation, dropout=dropout, use_bias=use_bias, **kernel
    )
    branches = [
        branch(x, filters, kernel_size, dilation_rate=rate, name=suffixed(name, f"branch{i}"))
        for i, rate in enumerate(rates, start=1)
    ]
    layer = keras.layers.Add if merge == "sum" else keras.layers.Concatenate
    merged = layer(name=suffixed(name, merge))(branches)
    return conv_norm_act(merged, filters, norm=None, name=suffixed(name, "mix"), **kernel)


def pyramid_pooling(
    x: Any,
    filters: int,
    *,
    bins: Sequence[int] = (1, 2, 4, 8),
    norm: Norm = "batch",
    activation: Activation = "relu",
    dropout: float = 0.0,
    kernel_initializer: Any = "he_normal",
    kernel_regularizer: Any = None,
    name: str | None = None,
) -> Any:
    """Pool context over the whole image: means over grids of several sizes, upsampled and mixed by a 1x1 convolution.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)` of any spatial
            shape, including a variable one (None) and one smaller than a grid.
        filters: Channels of the output; they are divided equally among the grids, at least one for each.
        bins: Cells along each axis of each grid.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor. A grid of one
            cell is normalised only by `"layer"` or a callable, since a single value has no statistics.
        activation: Activation of the output: a Keras activation's name, a callable from tensor to tensor, or None.
        dropout: Dropout rate of the output, in [0, 1).
        kernel_initializer: Keras initialiser of the kernels.
        kernel_regularizer: Keras regulariser of the kernels.
        name: Prefix of the layers' names.

    Returns:
        Features of the same spatial shape with `filters` channels.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the rank or a number of cells is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import pyramid_pooling
        >>> pyramid_pooling(keras.Input((37, None, 16)), 8).shape
        (None, 37, None, 8)

    References:
        Zhao et al. 2017, Pyramid scene parsing network, arXiv 1612.01105.
    """
    check_block(x, filters, norm=norm, activation=activation, dropout=dropout)
    grids = integers("bins", bins, "[1, inf)")
    channels = max(1, filters // len(grids))
    conv: Callable[..., Any] = partial(
        conv_norm_act, kernel_initializer=kernel_initializer, kernel_regularizer=kernel_regularizer
    )
    levels, lines = [x], positions(x)
    for cells in grids:
        level_norm = None if cells == 1 and norm in NORMS_OVER_IMAGES else norm
        # No activation: ReLUs of few channels over few cells would soon be zero for every image.
        means = conv(grid_means(x, cells, lines), channels, norm=level_norm, name=suffixed(name, f"bins{cells}"))
        levels.append(resize_to(means, lines))
    merged = keras.layers.Concatenate(name=suffixed(name, "concat"))(levels)
    return conv(merged, filters, norm=norm, activation=activation, dropout=dropout, name=suffixed(name, "mix"))
