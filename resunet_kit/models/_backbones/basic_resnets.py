"""ResNets of 18 and 34 layers, made of basic blocks, which keras.applications lacks."""

from typing import Any

import keras

from resunet_kit.blocks import conv_block, residual_block

UNITS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
FILTERS = (64, 128, 256, 512)


def basic_resnet(depth: int, input_shape: tuple[int | None, ...], *, width: float = 1.0) -> keras.Model:
    """Build a ResNet of depth 18 or 34 without its classifier, for images with any number of channels."""
    inputs = keras.Input(input_shape)
    widths = [round(width * filters) for filters in FILTERS]
    x: Any = conv_block(inputs, widths[0], kernel_size=7, strides=2, name="stem")
    x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage, (filters, units) in enumerate(zip(widths, UNITS[depth], strict=True), start=1):
        for unit in range(1, units + 1):
            strides = 2 if unit == 1 and stage > 1 else 1
            x = residual_block(x, filters, strides=strides, name=f"stage{stage}_unit{unit}")
    return keras.Model(inputs, x, name=f"resnet{depth}")
