"""Lookup and calls of blocks, given by name or as functions of the user."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import keras

from resunet_kit._shared.numbers import choice
from resunet_kit.blocks import (
    atrous_residual_block,
    bottleneck_block,
    pointwise_residual_block,
    preactivation_block,
    residual_block,
)

BlockName = Literal["residual", "preactivation", "bottleneck", "pointwise", "atrous"]
Block = Callable[..., Any]

BLOCKS: dict[str, Block] = {
    "residual": residual_block,
    "preactivation": preactivation_block,
    "bottleneck": bottleneck_block,
    "pointwise": pointwise_residual_block,
    "atrous": atrous_residual_block,
}


def resolve_block(block: BlockName | Block, *, option: str = "block") -> Block:
    """Return the block of that name, or the callable itself."""
    return block if callable(block) else BLOCKS[choice(option, block, BLOCKS, also="or a callable")]


def first_block(block: BlockName | Block) -> Block:
    """Return the block for the image itself: one that convolves before it normalises."""
    resolved = resolve_block(block)
    return partial(preactivation_block, preactivate_input=False) if resolved is preactivation_block else resolved


def call_block(block: Block, x: Any, filters: int, *, strides: int = 1, **options: Any) -> Any:
    """Call `block` with the options that its signature takes; without `strides`, it gets max-pooled features."""
    parameters = inspect.signature(block).parameters
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    if takes_any or "strides" in parameters:
        options["strides"] = strides
    elif strides > 1:
        x = max_pool(x, strides)
    return block(x, filters, **{name: value for name, value in options.items() if takes_any or name in parameters})


def max_pool(x: Any, size: int, *, name: str | None = None) -> Any:
    """Take the maximum over windows of `size` pixels; a height of `n` becomes `ceil(n / size)`."""
    layer = keras.layers.MaxPooling2D if len(x.shape) == 4 else keras.layers.MaxPooling3D
    return layer(size, padding="same", name=name)(x)
