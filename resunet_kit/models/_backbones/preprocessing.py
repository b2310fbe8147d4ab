"""What a backbone's weights were trained on, made from the images that a user feeds."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

RGB = (0, 1, 2)
BGR = (2, 1, 0)
# Away from black, white and gray, so that every order of colours and every scale shows.
PROBE = np.array([20.0, 90.0, 210.0])


@dataclass(frozen=True)
class Preprocessing:
    """The map from 0–255 RGB images to a backbone's three channels: `scale * image[..., order] + offset`.

    Attributes:
        order: The colour, counted in RGB, of each of the backbone's channels.
        scale: Factor of each of the backbone's channels.
        offset: What is added to each of the backbone's channels.
    """

    order: tuple[int, ...]
    scale: tuple[float, ...]
    offset: tuple[float, ...]

    def roles(self, channels: int) -> list[int]:
        """Return the backbone's channel that each of so many image channels stands for: colours in turns."""
        if channels == 3:
            return [0, 1, 2]
        return [self.order.index(channel % 3) for channel in range(channels)]


# From -1 to 1, the "tf" mode of Keras: our own ResNets have no published weights that would ask for another.
SYMMETRIC = Preprocessing(RGB, (1 / 127.5,) * 3, (-1.0,) * 3)


def measure(preprocess_input: Callable[[Any], Any]) -> Preprocessing:
    """Find what a `preprocess_input` of keras.applications does to colours, by calling it on some.

    Raises:
        ValueError: If it does more than reorder, scale and shift the channels.
    """

    def respond(colours: Any) -> Any:  # (colours, 3); a copy, since Keras computes in place
        return np.asarray(preprocess_input(np.array(colours, dtype="float64")[None, None]))[0, 0]

    offset = respond(np.zeros((1, 3)))[0]
    slopes = (respond(255.0 * np.eye(3)) - offset) / 255.0  # of each colour, (3 colours, 3 channels)
    order = tuple(int(colour) for colour in np.argmax(np.abs(slopes), axis=0))
    scale = slopes[list(order), [0, 1, 2]]
    if order not in (RGB, BGR) or not np.allclose(respond(PROBE[None])[0], scale * PROBE[list(order)] + offset):
        raise ValueError(
            f"Expected {preprocess_input!r} to reorder, scale and shift channels. It does something else. "
            "Build the backbone yourself, pass it as a keras.Model, and preprocess the images."
        )
    return Preprocessing(order, tuple(scale.tolist()), tuple(offset.tolist()))


def preprocess(image: Any, preprocessing: Preprocessing, value_range: tuple[float, float]) -> Any:
    """Map images in `value_range`, of any number of channels, to what the backbone expects.

    Of three channels the order is the backbone's; others keep theirs, each treated as the colour that it stands for.
    """
    low, high = value_range
    stretch = 255.0 / (high - low)
    channels = image.shape[-1]
    if channels == 3 and preprocessing.order == BGR:
        image = ops.flip(image, axis=-1)
    roles = preprocessing.roles(channels)
    scale = [stretch * preprocessing.scale[role] for role in roles]
    offset = [preprocessing.offset[role] - low * factor for role, factor in zip(roles, scale, strict=True)]
    return keras.layers.Rescaling(_one_if_equal(scale), _one_if_equal(offset), name="preprocess")(image)


def check_value_range(value_range: Any) -> tuple[float, float]:
    """Return `value_range` as two floats, refusing all but two finite numbers in ascending order."""
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    if not -math.inf < low < high < math.inf:
        raise ValueError(
            "Expected value_range=(smallest, largest) of the images, two finite numbers in ascending order, as in "
            f"(0, 1) or (0, 255). Received value_range={value_range!r}."
        )
    return low, high


def _one_if_equal(values: list[float]) -> float | list[float]:
    return values[0] if len(set(values)) == 1 else values
