"""U-Net encoders from backbones: the features at each power-of-two stride, for images of any size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from resunet_kit._shared.errors import reason
from resunet_kit.blocks import crop_like, upsample
from resunet_kit.blocks._layers import spatial_rank
from resunet_kit.blocks._resizing import resize_like
from resunet_kit.models._backbones.channels import rebuild
from resunet_kit.models._backbones.plans import BackbonePlan, attach, plan_backbone
from resunet_kit.models._backbones.pyramid import Pyramid, find_pyramid
from resunet_kit.models._backbones.weights import Weights

COARSEST = 32  # the largest stride of most networks


@dataclass(frozen=True)
class EncoderPlan:
    """A checked encoder, before any layer is created.

    Attributes:
        backbone: The named backbone, or the network of `pyramid`.
        pyramid: The pyramid of a user's model; None for a named backbone, which is yet to be built.
    """

    backbone: BackbonePlan
    pyramid: Pyramid | None = None


def plan_encoder(
    encoder: str | keras.Model,
    input_shape: Sequence[int | None],
    *,
    weights: Weights = None,
    value_range: tuple[float, float] = (0.0, 1.0),
) -> EncoderPlan:
    """Look up an encoder by its name, or check a functional model and find its pyramid.

    Raises:
        TypeError: If the encoder is neither a name nor a model, or another argument is of a wrong type.
        ValueError: As in `plan_backbone`, or if the features of a model do not form a pyramid.
    """
    backbone = plan_backbone(
        "encoder",
        encoder,
        (*[None] * (len(input_shape) - 1), input_shape[-1]),  # it receives padded images
        weights=weights,
        weights_option="encoder_weights",
        value_range=value_range,
    )
    if isinstance(backbone.network, keras.Model):
        pyramid = _pyramid_for(backbone.network, tuple(input_shape[:-1]))
        return EncoderPlan(replace(backbone, network=pyramid.network), pyramid)
    return EncoderPlan(backbone)


def encode(image: Any, plan: EncoderPlan) -> dict[int, Any]:
    """Compute the feature pyramid of an image.

    After preprocessing, the image is padded with zeros at the end of each axis to a multiple of the largest stride `S`;
    the features at stride `s` have a size of exactly `ceil(size / S) * S / s` along each axis.

    Returns:
        Features by stride, in ascending order: the outputs of one nested model named "encoder".

    Raises:
        ValueError: If the weights cannot be loaded, the layers of a model cannot be adapted to the channels, or the
            image is too small.
    """
    x, network = attach(image, plan.backbone)
    pyramid = find_pyramid(network) if plan.pyramid is None else replace(plan.pyramid, network=network)
    x = pad_to_multiple(x, max(pyramid.exact))
    features = dict(zip(pyramid.exact, _features(pyramid.network, x), strict=True))
    return {
        stride: features[stride] if exact else resize_like(features[stride], _every(x, stride))
        for stride, exact in sorted(pyramid.exact.items())
    }


def pad_to_multiple(x: Any, multiple: int) -> Any:
    """Append zeros along each spatial axis up to the next multiple; the spatial shape may be variable."""
    rank, spatial_shape = spatial_rank(x), x.shape[1:-1]
    layer = keras.layers.ZeroPadding2D if rank == 2 else keras.layers.ZeroPadding3D
    if None in spatial_shape:
        grid = upsample(_every(x, multiple, channels=1), scale=multiple)
        return crop_like(layer([(0, multiple - 1)] * rank, name="pad")(x), grid)
    missing = [-size % multiple for size in spatial_shape]
    return layer([(0, more) for more in missing], name="pad")(x) if any(missing) else x


def _every(x: Any, step: int, *, channels: int | None = None) -> Any:
    """Return every `step`-th pixel, of the first or all channels, in the spatial shape of features at that stride."""
    return x[(slice(None), *[slice(None, None, step)] * spatial_rank(x), slice(channels))]


def _pyramid_for(encoder: keras.Model, spatial_shape: tuple[int | None, ...]) -> Pyramid:
    """Return the pyramid of a user's model, or of its copy for a variable size if it expects the unpadded image."""
    given = tuple(encoder.inputs[0].shape[1:-1])
    is_images_own = given == spatial_shape and None not in given
    try:
        pyramid = find_pyramid(encoder)
    except ValueError:
        has_map = len(encoder.outputs[0].shape) == len(encoder.inputs[0].shape)
        if not is_images_own or not has_map or given == _padded(given, COARSEST):
            raise
        return _variable_pyramid(
            encoder, _padded(given, COARSEST)
        )  # odd sizes may hide the strides, which the copy reveals
    padded = _padded(spatial_shape, max(pyramid.exact))
    if _fits(given, padded):
        return pyramid
    if is_images_own:
        return _variable_pyramid(encoder, padded)
    raise _other_size(encoder, padded)


def _padded(spatial_shape: Sequence[int | None], multiple: int) -> tuple[int | None, ...]:
    return tuple(None if size is None else size + -size % multiple for size in spatial_shape)


def _fits(expected: Sequence[int | None], padded: Sequence[int | None]) -> bool:
    return all(size in (None, given) for size, given in zip(expected, padded, strict=True))


def _variable_pyramid(encoder: keras.Model, padded: tuple[int | None, ...]) -> Pyramid:
    """Return the pyramid of a copy with the same weights for images of any size, including `padded`.

    Raises:
        ValueError: If a layer works for a single size only.
    """
    shape = encoder.inputs[0].shape
    try:
        twin, pairs = rebuild(encoder, (*[None] * (len(shape) - 2), shape[-1]))
        for old, new in pairs:
            new.set_weights(old.get_weights())
        twin.compute_output_shape((1, *padded, shape[-1]))
    except (ValueError, TypeError, NotImplementedError) as error:
        raise _other_size(encoder, padded) from error
    return find_pyramid(twin)


def _other_size(encoder: keras.Model, padded: tuple[int | None, ...]) -> ValueError:
    channels = encoder.inputs[0].shape[-1]
    return ValueError(
        f"Expected an encoder for images of size {padded}, as padded. Received {encoder.name!r} for "
        f"{tuple(encoder.inputs[0].shape[1:-1])}. Build it with input_shape={(*padded, channels)}, for the image's own "
        "size or for a variable one (None), or resize the images."
    )


def _features(network: keras.Model, x: Any) -> list[Any]:
    try:
        features = network(x)
    except ValueError as error:
        raise _too_small(x, f"Keras says: {reason(error)}") from error
    if any(0 in level.shape[1:-1] for level in features):
        raise _too_small(x, "its features would have no pixels.")
    return features


def _too_small(x: Any, cause: str) -> ValueError:
    return ValueError(
        f"Expected images that are large enough for the encoder. Received a size of {tuple(x.shape[1:-1])} after "
        f"padding: {cause} Resize the images, or choose an encoder whose convolutions are padded."
    )
