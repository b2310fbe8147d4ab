"""Lookup of a model's layers by name, also inside nested models, and of its last convolution."""

import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.SeparableConv2D,
    keras.layers.DepthwiseConv2D,
)


class Found(NamedTuple):
    """A layer or operation, and its path: the names of the models around it and its own, joined by `/`."""

    path: str
    layer: Any


def layers_in_order(model: Any, prefix: str = "") -> Iterator[Found]:
    """Yield layers and operations in the order of computation, with those inside a layer before the layer itself."""
    # Keras has no public access to the layers inside a layer, such as a wrapper or a user's own block.
    inside = next((getattr(model, name) for name in ("operations", "layers", "_layers") if hasattr(model, name)), ())
    for layer in inside:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        path = f"{prefix}{layer.name}"
        yield from layers_in_order(layer, f"{path}/")
        yield Found(path, layer)


def find_layer(model: keras.Model, layer: Any) -> Found:
    """Return the layer with a name or a path, or the layer itself.

    Raises:
        TypeError: If `layer` is of another type.
        ValueError: If the model has no such layer, or several of that name.
    """
    known = list({id(found.layer): found for found in layers_in_order(model)}.values())
    if isinstance(layer, keras.layers.Layer):
        matches = [found for found in known if found.layer is layer]
        layer = layer.name
    elif isinstance(layer, str):
        matches = [found for found in known if found.path == layer or found.path.endswith(f"/{layer}")]
        if "/" in layer:
            matches = [found for found in matches if found.path == layer] or matches
    else:
        raise TypeError(
            f"Expected layer to be the name of a layer, its path or the layer itself. Received {layer=}. Pass a name "
            "such as 'conv5_block3_out', or None for the last convolution."
        )
    if len(matches) > 1:
        paths = ", ".join(repr(found.path) for found in matches)
        raise ValueError(
            f"Expected the name of one layer. Received {layer!r}, which stands for {len(matches)}: {paths}. Pass a "
            "path with its model, or the layer itself, as model.get_layer returns it."
        )
    if not matches:
        raise _unknown(model, layer, [found.path for found in known])
    return matches[0]


def last_convolution(model: keras.Model, *, has_maps: bool) -> Found:
    """Return the last convolution whose output has spatial axes; for a segmenter, the last one before its head's.

    Raises:
        ValueError: If it has no such convolution.
    """
    rank = len(model.input_shape)
    found = [
        found for found in layers_in_order(model) if isinstance(found.layer, CONVOLUTIONS) and _has_map(found, rank)
    ]
    # The last convolution of a segmenter computes the scores themselves.
    if has_maps and len(found) > 1 and _channels(found[-1].layer) == model.output_shape[-1]:
        found.pop()
    if not found:
        raise ValueError(
            f"Expected a model with a convolution. Received {model.name!r} without one. Pass the name of a layer whose "
            "output has spatial axes as layer, or use occlusion, which needs none."
        )
    return found[-1]


def _has_map(found: Found, rank: int) -> bool:
    shape = _output_shape(found.layer)
    # The gates of squeeze-and-excitation are convolutions of maps of one pixel.
    return shape is None or (len(shape) == rank and any(size != 1 for size in shape[1:-1]))


def _channels(layer: Any) -> int | None:
    shape = _output_shape(layer)
    return None if shape is None else shape[-1]


def _output_shape(layer: Any) -> tuple[int | None, ...] | None:
    try:
        return tuple(layer.output.shape)
    except (AttributeError, ValueError):  # inside a layer, where it was never called on a symbolic tensor
        return None


def _unknown(model: keras.Model, name: str, paths: list[str]) -> ValueError:
    names = [path.rsplit("/", 1)[-1] for path in paths]
    nearest = difflib.get_close_matches(name, [*paths, *names], n=1)
    last = ", ".join(map(repr, paths[-8:]))
    cure = f"Did you mean {nearest[0]!r}?" if nearest else "Pass the name of a layer, or None for the last convolution."
    return ValueError(
        f"Expected the name of a layer of {model.name!r}, whose last ones are {last}. Received layer={name!r}. {cure}"
    )
