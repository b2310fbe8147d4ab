"""Preprocessing inside a model: from the user's images to those that a backbone's weights were trained on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.numbers import number

RGB = (0, 1, 2)
BGR = (2, 1, 0)
# A colour away from black, white and gray, which reveals every order of colours and every scale.
PROBE = np.array([20.0, 90.0, 210.0])


@dataclass(frozen=True)
class Preprocessing:
    """The map from 0–255 RGB images to a backbone's three channels: `scale * image[..., order] + offset`.

    Attributes:
        order: The colour of each of the backbone's channels, as an index into RGB.
        scale: Factor of each of the backbone's channels.
        offset: Summand of each of the backbone's channels.
    """

    order: tuple[int, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]

    def source_channels(self, channels: int) -> list[int]:
        """Return the backbone's channel for each channel of an image: red, green, blue, then red again."""
        if channels == 3:
            return [0, 1, 2]
        return [self.order.index(channel % 3) for channel in range(channels)]


# From -1 to 1, the "tf" mode of Keras: our own ResNets have no published weights that would need another.
SYMMETRIC = Preprocessing(RGB, (1 / 127.5,) * 3, (-1.0,) * 3)
# (x - 127) / 128, as in EfficientNet-Lite.
LITE = Preprocessing(RGB, (1 / 128,) * 3, (-127 / 128,) * 3)
# As in torchvision's and timm's ResNets: the mean and standard deviation of each colour over ImageNet, for 0-1 images.
MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGENET_STATISTICS = Preprocessing(
    RGB,
    tuple(1 / (255 * deviation) for deviation in DEVIATIONS),
    tuple(-mean / deviation for mean, deviation in zip(MEANS, DEVIATIONS, strict=True)),
)


def measure(preprocess_input: Callable[[Any], Any]) -> Preprocessing:
    """Find out which preprocessing a `preprocess_input` of keras.applications computes, by calling it on colours.

    Raises:
        ValueError: If it does more than reorder, scale and shift the channels.
    """

    def respond(colours: Any) -> Any:  # (n, 3); a copy, since Keras computes in place
        return np.asarray(preprocess_input(np.array(colours, dtype="float64")[None, None]))[0, 0]

    offset = respond(np.zeros((1, 3)))[0]
    slopes = (respond(255.0 * np.eye(3)) - offset) / 255.0  # of each colour, (3 colours, 3 channels)
    order = tuple(int(colour) for colour in np.argmax(np.abs(slopes), axis=0))
    scale = slopes[list(order), [0, 1, 2]]
    if order not in (RGB, BGR) or not np.allclose(respond(PROBE[None])[0], scale * PROBE[list(order)] + offset):
        raise ValueError(
            f"Expected a function that reorders, scales and shifts channels. Received {preprocess_input!r}, which does "
            "something else. Build the backbone yourself, pass it as a keras.Model, and preprocess the images."
        )
    return Preprocessing(order, tuple(scale.tolist()), tuple(offset.tolist()))


def preprocess(image: Any, preprocessing: Preprocessing, value_range: tuple[float, float]) -> Any:
    """Return images of `value_range`, with any number of channels, scaled and shifted as the backbone expects.

    Three channels are also reordered; with another number, each keeps its position and is scaled as its colour.
    """
    low, high = value_range
    stretch = 255.0 / (high - low)
    channels = image.shape[-1]
    if channels == 3 and preprocessing.order == BGR:
        image = ops.flip(image, axis=-1)
    sources = preprocessing.source_channels(channels)
    scale = [stretch * preprocessing.scale[source] for source in sources]
    offset = [preprocessing.offset[source] - low * factor for source, factor in zip(sources, scale, strict=True)]
    return keras.layers.Rescaling(_one_if_equal(scale), _one_if_equal(offset), name="preprocess")(image)


def check_value_range(value_range: Any) -> tuple[float, float]:
    """Return `value_range` as two floats.

    Raises:
        TypeError: If it is not a sequence of numbers.
        ValueError: If there are not two, finite and in ascending order.
    """
    message = (
        "Expected value_range to be (minimum, maximum) of the images, in ascending order. "
        f"Received {value_range=}. Pass a pair such as (0, 1) or (0, 255)."
    )
    if isinstance(value_range, str) or not isinstance(value_range, Sequence | np.ndarray):
        raise TypeError(message)
    limits = [number(f"value_range[{index}]", limit) for index, limit in enumerate(value_range)]
    if len(limits) != 2 or limits[0] >= limits[1]:
        raise ValueError(message)
    return limits[0], limits[1]


def _one_if_equal(values: list[float]) -> float | list[float]:
    return values[0] if len(set(values)) == 1 else values
