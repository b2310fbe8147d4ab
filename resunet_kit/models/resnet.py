"""ResNets without their classifiers: features for heads and encoders."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from resunet_kit.blocks import conv_block, residual_block
from resunet_kit.models._inputs import check_input_shape

# keras.applications has the bottleneck ResNets and not the basic ones.
BASIC_STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
BASIC_FILTERS = (64, 128, 256, 512)
BOTTLENECK = {
    50: keras.applications.ResNet50,
    101: keras.applications.ResNet101,
    152: keras.applications.ResNet152,
}
DEPTHS = (*BASIC_STAGES, *BOTTLENECK)


def resnet(
    depth: int,
    input_shape: Sequence[int | None] = (256, 256, 3),
    *,
    weights: str | os.PathLike[str] | None = None,
    width: float = 1.0,
) -> keras.Model:
    """Build a ResNet that ends in its last features, a 32nd of the image's sides.

    Args:
        depth: 18, 34, 50, 101 or 152.
        input_shape: `(height, width, channels)`; sides of at least 32 pixels, or None.
        weights: None for random ones, `"imagenet"` (downloaded by Keras; depths 50, 101 and 152), or the path of a
            weights file for this architecture.
        width: Factor of the channels of depths 18 and 34, for small data and quick training: a quarter of the width
            has a sixteenth of the weights.

    Returns:
        A model from images to features `(batch, height / 32, width / 32, 512)`, or 2048 channels from depth 50 on.
        Depths 50, 101 and 152 are those of `keras.applications`.

    Raises:
        ValueError: If an argument is not as above, or the weights cannot be had or do not fit.

    Example:
        >>> from resunet_kit.models import resnet
        >>> resnet(18, (64, 64, 1)).output_shape
        (None, 2, 2, 512)

    References:
        He et al. 2015, Deep residual learning for image recognition, arXiv 1512.03385.
    """
    if depth not in DEPTHS:
        raise ValueError(f"Expected depth to be one of {', '.join(map(str, DEPTHS))}. Received depth={depth!r}.")
    shape = check_input_shape(input_shape, ranks=(3,))
    if any(side is not None and side < 32 for side in shape[:-1]):
        raise ValueError(f"Expected sides of at least 32 pixels. Received input_shape={shape}. Resize the images.")
    widths = tuple(round(width * filters) for filters in BASIC_FILTERS)
    if widths[0] < 1 or (width != 1 and depth not in BASIC_STAGES):
        raise ValueError(
            f"Expected a positive width for depths 18 and 34, and width=1 for deeper ones. Received {width=}, {depth=}."
        )
    if weights == "imagenet":
        return _imagenet(depth, shape)
    model = _basic(depth, shape, widths) if depth in BASIC_STAGES else _bottleneck(depth, shape, weights=None)
    if weights is not None:
        load_weights(model, weights)
    return model


def load_weights(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Load a weights file into `model`; an absent, unreadable or unfitting file is a ValueError that names it."""
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"Expected weights to be None, 'imagenet' or an existing file. Received {str(path)!r}.")
    try:
        model.load_weights(file)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"Expected weights of the architecture {model.name!r}. Received {str(file)!r}: {reason} "
            "Save them with model.save_weights('name.weights.h5') from the same architecture and input channels."
        ) from error


def _imagenet(depth: int, shape: tuple[int | None, ...]) -> keras.Model:
    if depth in BASIC_STAGES:
        raise ValueError(
            f"Expected a depth of 50, 101 or 152 for weights='imagenet': Keras publishes none for depth={depth}. "
            "Pass weights=None or the path of a weights file."
        )
    if shape[-1] != 3:
        raise ValueError(
            f"Expected 3 channels for weights='imagenet'. Received input_shape={shape}. "
            "Repeat or select channels, or pass weights=None."
        )
    try:
        return _bottleneck(depth, shape, weights="imagenet")
    except Exception as error:  # keras.utils.get_file raises a bare Exception where there is no network
        raise ValueError(
            f"The ImageNet weights of ResNet{depth} could not be loaded: {str(error).splitlines()[0]} Where there is "
            "no network, download the file of keras.applications elsewhere and pass its path as weights."
        ) from error


def _bottleneck(depth: int, shape: tuple[int | None, ...], *, weights: str | None) -> keras.Model:
    return BOTTLENECK[depth](include_top=False, weights=weights, input_shape=shape)


def _basic(depth: int, shape: tuple[int | None, ...], widths: tuple[int, ...]) -> keras.Model:
    inputs = keras.Input(shape)
    x: Any = conv_block(inputs, widths[0], kernel_size=7, strides=2, name="stem")
    x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage, (filters, units) in enumerate(zip(widths, BASIC_STAGES[depth], strict=True), start=1):
        for unit in range(1, units + 1):
            strides = 2 if unit == 1 and stage > 1 else 1
            x = residual_block(x, filters, strides=strides, name=f"stage{stage}_unit{unit}")
    return keras.Model(inputs, x, name=f"resnet{depth}")
