"""The ResUNet builder."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from resunet_kit._errors import unknown_name
from resunet_kit.blocks import conv_block, crop_like, segmentation_head, upsample
from resunet_kit.blocks._layers import Activation, Norm, check_norm, check_rate
from resunet_kit.blocks.heads import class_activation
from resunet_kit.blocks.resampling import METHODS
from resunet_kit.models._composition import Block, call_block, first_block, max_pool, resolve_block
from resunet_kit.models._inputs import check_filters, check_input_shape

DOWNSAMPLINGS = ("stride", "max_pool")
SKIPS = ("concat", "add")

Skip = str | Callable[[Any, Any], Any]


def res_unet(
    input_shape: Sequence[int | None] = (256, 256, 3),
    num_classes: int = 1,
    *,
    filters: Sequence[int] = (64, 128, 256, 512),
    block: str | Block = "preactivation",
    stem: Block | None = None,
    downsampling: str = "stride",
    skip: Skip = "concat",
    upsampling: str = "nearest",
    norm: Norm = "batch",
    block_activation: Activation = "relu",
    dropout: float = 0.0,
    activation: str | None = "auto",
    name: str = "res_unet",
) -> keras.Model:
    """Build a U-Net of residual blocks, for images or volumes of any size.

    Each level halves the sides and runs one block; the last level is the bridge. The way back doubles the sides, joins
    the features of the same size from the way down, and runs one block a level. A 1x1 convolution scores the classes.

    Args:
        input_shape: `(height, width, channels)` or `(depth, height, width, channels)`; sides may be odd, or None.
        num_classes: Channels of the output; 1 is the foreground of a binary problem.
        filters: Channels of each level, the bridge last.
        block: `"preactivation"`, `"residual"`, `"bottleneck"`, `"pointwise"`, or any callable
            `(x, filters, **options) -> tensor`. It is called with those of `strides`, `norm`, `activation`, `dropout`
            and `name` that its signature takes.
        stem: Block of the first level. None: `block` itself, without the preactivation of the image.
        downsampling: `"stride"` (the block's first convolution strides) or `"max_pool"` before the block.
        skip: `"concat"`, `"add"` (the upsampled features are projected to the skip's channels), or a callable
            `(skip, decoder) -> tensor`.
        upsampling: `"nearest"`, `"linear"` or `"transpose"`.
        norm: `"batch"`, `"group"`, `"layer"`, `"instance"`, None, or a callable from tensor to tensor.
        block_activation: Activation inside the blocks.
        dropout: Share of units dropped inside the blocks, in [0, 1).
        activation: `"auto"` (sigmoid for one class, softmax for more), None for logits, or a Keras activation's name.
        name: Name of the model.

    Returns:
        A model from images to float32 scores of the same sides with `num_classes` channels.

    Raises:
        ValueError: If an argument is not as above.

    Example:
        >>> from resunet_kit.models import res_unet
        >>> res_unet((61, 64, 1), num_classes=3, filters=(8, 16)).output_shape
        (None, 61, 64, 3)

    References:
        Zhang et al. 2018, Road extraction by deep residual U-Net, arXiv 1711.10684: the default arguments.
    """
    shape = check_input_shape(input_shape)
    widths = check_filters(filters)
    class_activation(num_classes, activation)
    check_norm(norm)
    check_rate("dropout", dropout)
    for kind, value, known in (
        ("downsampling", downsampling, DOWNSAMPLINGS),
        ("skip", skip, SKIPS),
        ("upsampling method", upsampling, METHODS),
    ):
        if not callable(value) and value not in known:
            raise unknown_name(kind, value, known)
    unit, entry = resolve_block(block), stem or first_block(block)
    options: dict[str, Any] = {"norm": norm, "activation": block_activation, "dropout": dropout}
    inputs = keras.Input(shape, name="image")

    # === Encoder ===
    x = call_block(entry, inputs, widths[0], name="encoder1", **options)
    skips = []
    for level, width in enumerate(widths[1:], start=2):
        skips.append(x)
        label = "bridge" if level == len(widths) else f"encoder{level}"
        strides = 2
        if downsampling == "max_pool":
            x, strides = max_pool(x, 2, name=f"{label}_pool"), 1
        x = call_block(unit, x, width, strides=strides, name=label, **options)

    # === Decoder ===
    for level in range(len(skips), 0, -1):
        label = f"decoder{level}"
        x = crop_like(upsample(x, method=upsampling, name=label), skips[level - 1], name=label)
        x = _join(skip, skips[level - 1], x, norm=norm, name=label)
        x = call_block(unit, x, widths[level - 1], name=label, **options)

    # === Head ===
    outputs = segmentation_head(x, num_classes, activation=activation, name="segmentation")
    return keras.Model(inputs, outputs, name=name)


def _join(skip: Skip, encoded: Any, decoded: Any, *, norm: Norm, name: str) -> Any:
    if callable(skip):
        return skip(encoded, decoded)
    if skip == "concat":
        return keras.layers.Concatenate(name=f"{name}_concat")([decoded, encoded])
    decoded = conv_block(
        decoded, encoded.shape[-1], kernel_size=1, norm=norm, activation=None, name=f"{name}_projection"
    )
    return keras.layers.Add(name=f"{name}_skip")([decoded, encoded])
