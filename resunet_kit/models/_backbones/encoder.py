"""An encoder in front of a decoder: from an image of any size to the pyramid of a backbone's features."""

import os
from typing import Any

import keras

from resunet_kit._shared.errors import reason
from resunet_kit.blocks import crop_like, upsample
from resunet_kit.blocks._layers import spatial_rank
from resunet_kit.blocks._resizing import resize_like
from resunet_kit.models._backbones.channels import fit_channels
from resunet_kit.models._backbones.graph import functional
from resunet_kit.models._backbones.preprocessing import check_value_range
from resunet_kit.models._backbones.pyramid import find_pyramid
from resunet_kit.models._backbones.registry import attach, check_name
from resunet_kit.models._backbones.weights import check_model, check_weights


def check_encoder(
    encoder: str | keras.Model,
    rank: int,
    *,
    weights: str | os.PathLike[str] | None,
    value_range: tuple[float, float],
) -> None:
    """Raise what is wrong with the arguments of `encode` for images of `rank` sides, before a layer is made."""
    check_value_range(value_range)
    if isinstance(encoder, str):
        check_name(encoder, rank)
        check_weights(weights)
        return
    check_model("encoder", encoder, weights)
    if len(encoder.inputs[0].shape) != rank + 2:
        raise ValueError(
            f"Expected an encoder for images of {rank} sides. Received {encoder.name!r} for inputs of shape "
            f"{tuple(encoder.inputs[0].shape)}. Build it with as many spatial axes."
        )
    find_pyramid(encoder)


def encode(
    image: Any,
    encoder: str | keras.Model,
    *,
    weights: str | os.PathLike[str] | None = None,
    value_range: tuple[float, float] = (0.0, 1.0),
) -> dict[int, Any]:
    """Compute the pyramid of a backbone's features of an image.

    The image is padded with zeros at the far ends to a multiple of the largest stride `S`, after preprocessing; the
    features at stride `s` have sides of exactly `ceil(side / S) * S / s`.

    Args:
        image: `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`; sides of any size, or
            None; any number of channels.
        encoder: The name of a backbone, as in `resnet_classifier`, or a functional keras.Model for the image's channels
            or for 3, without or with several outputs. It is fed the images as they come, and learns with the result
            where it is used as it is; with 3 channels and more in the image, a copy is made.
        weights: Of a named backbone: None for random ones, `"imagenet"`, or the path of a file.
        value_range: Smallest and largest value of the images, for the preprocessing of a named backbone.

    Returns:
        Features by stride, strides ascending. They come from one nested model named "encoder".

    Raises:
        ValueError: If an argument is not as above, the weights cannot be had or do not fit, or the features cannot
            form a pyramid.
        TypeError: If the encoder is neither a name nor a model.
    """
    check_encoder(encoder, spatial_rank(image), weights=weights, value_range=value_range)
    if isinstance(encoder, str):
        x, backbone = attach(image, encoder, weights=weights, value_range=value_range, known_sides=False)
    else:
        x, backbone = fit_channels(image, functional(encoder))
    levels = find_pyramid(backbone)
    x = pad_to_multiple(x, max(levels))
    # The last level first: Keras then orders, and names in weights files, the layers as in the backbone.
    strides = sorted(levels, reverse=True)
    pyramid = keras.Model(backbone.inputs[0], [levels[stride].features for stride in strides], name="encoder")
    features = dict(zip(strides, _apply(pyramid, x), strict=True))
    return {
        stride: features[stride] if level.exact else resize_like(features[stride], _every(x, stride))
        for stride, level in levels.items()
    }


def pad_to_multiple(x: Any, size: int) -> Any:
    """Append zeros to every side up to the next multiple of `size`; sides may be unknown."""
    rank = spatial_rank(x)
    sides = x.shape[1:-1]
    layer = keras.layers.ZeroPadding2D if rank == 2 else keras.layers.ZeroPadding3D
    if None in sides:
        grid = upsample(_every(x, size, channels=1), scale=size)
        return crop_like(layer([(0, size - 1)] * rank, name="pad")(x), grid)
    missing = [-side % size for side in sides]
    return layer([(0, more) for more in missing], name="pad")(x) if any(missing) else x


def _every(x: Any, step: int, *, channels: int | None = None) -> Any:
    """Return every `step`-th pixel, of the first channels or of all: with the sides that features at a stride have."""
    return x[(slice(None), *[slice(None, None, step)] * spatial_rank(x), slice(channels))]


def _apply(pyramid: keras.Model, x: Any) -> list[Any]:
    wanted, sides = pyramid.inputs[0].shape[1:-1], x.shape[1:-1]
    if any(want not in (None, side) for want, side in zip(wanted, sides, strict=True)):
        raise ValueError(
            f"Expected an encoder for the image's sides, padded to {sides}. Received one for sides {wanted}. Build it "
            "for sides None, keras.Input((None, …, channels)), or resize the images."
        )
    try:
        features = pyramid(x)
    except ValueError as error:
        raise _too_small(x, reason(error)) from error
    if any(0 in level.shape[1:-1] for level in features):
        raise _too_small(x, "its features would have no pixels.")
    return features


def _too_small(x: Any, cause: str) -> ValueError:
    return ValueError(
        f"Expected images that the encoder can shrink. Received sides {tuple(x.shape[1:-1])} after padding, and Keras "
        f"says: {cause} Resize the images to larger sides, or choose an encoder whose convolutions are padded."
    )
