"""Deep ResUNet of the road extraction paper, with pre-activated residual units."""

from collections.abc import Sequence

import keras

from resunet_kit.blocks._layers import Norm
from resunet_kit.models.res_unet import res_unet


def deep_res_unet(
    input_shape: Sequence[int | None] = (256, 256, 3),
    num_classes: int = 1,
    *,
    filters: Sequence[int] = (64, 128, 256, 512),
    norm: Norm = "batch",
    dropout: float = 0.0,
    activation: str | None = "auto",
    deep_supervision: bool = False,
    name: str = "deep_res_unet",
) -> keras.Model:
    """Build the Deep ResUNet: pre-activated residual units, strides instead of pooling, nearest-neighbour upsampling.

    Args:
        input_shape: `(height, width, channels)` or `(depth, height, width, channels)`; sizes may be odd, or None.
        num_classes: Channels of the output.
        filters: Channels of each level, the bridge last.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        dropout: Dropout rate inside the blocks, in [0, 1).
        activation: `"auto"` (sigmoid for one class, softmax for more), None for logits, or a Keras activation's name.
        deep_supervision: Whether each deeper level also predicts the classes. The outputs are then a list, the main one
            first and the coarsest last, all of the image's size.
        name: Name of the model.

    Returns:
        A model from images to float32 scores; by default 8,210,368 weights in convolution kernels, 7,780,032 of them
        in 3x3 kernels, the rest in 1x1 projections and the head.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If an argument is not as in `res_unet`.

    Example:
        >>> from resunet_kit.models import deep_res_unet
        >>> deep_res_unet((61, 64, 3), filters=(8, 16)).output_shape
        (None, 61, 64, 1)

    References:
        Zhang et al. 2018, Road extraction by deep residual U-Net, arXiv 1711.10684, table I.

    Note:
        Unlike in the paper, the image need not have 224x224 pixels. Projections of the shortcut are not normalised, and
        a convolution before a batch normalisation has no bias, which the latter would cancel; the paper specifies
        neither.
    """
    return res_unet(
        input_shape,
        num_classes,
        filters=filters,
        block="preactivation",
        norm=norm,
        dropout=dropout,
        activation=activation,
        deep_supervision=deep_supervision,
        name=name,
    )
