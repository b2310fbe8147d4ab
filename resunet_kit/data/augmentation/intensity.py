"""Intensity transforms: they change float32 images `(channels, *spatial_shape)` in place, and no masks."""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from resunet_kit.data.augmentation.bspline_field import Array, control_points, dense
from resunet_kit.data.augmentation.random_streams import RandomStreams

BIAS_CELLS = 2  # a coil's shading is smooth over half the image
QUANTILES = 2**16  # equally likely values of the noise: they extend to 4.3 standard deviations
Strengths = NDArray[np.float64]


def blur(image: Array, deviations: Strengths, _: np.random.Generator) -> None:
    """Convolve with a Gaussian of the standard deviation, in pixels."""
    for plane, deviation in zip(image, deviations, strict=True):
        if deviation > 0:
            # Beyond three deviations lie 0.3 % of the weight.
            ndimage.gaussian_filter(plane, deviation, truncate=3, output=plane)


def bias_field(image: Array, strengths: Strengths, generator: np.random.Generator) -> None:
    """Multiply by `exp` of a smooth field within plus and minus the strength."""
    shape = image.shape[1:]
    points = generator.uniform(-1, 1, control_points(len(shape), BIAS_CELLS)).astype(np.float32)
    field = dense(points, shape)
    for plane, strength in zip(image, strengths, strict=True):
        plane *= np.exp(field * np.float32(strength))


def brightness(image: Array, amounts: Strengths, _: np.random.Generator) -> None:
    """Add the amount."""
    image += _over_pixels(amounts, image)


def contrast(image: Array, factors: Strengths, _: np.random.Generator) -> None:
    """Multiply the distance from the channel's mean."""
    means = image.mean(axis=tuple(range(1, image.ndim)), keepdims=True)
    image -= means
    image *= _over_pixels(factors, image)
    image += means


def gamma(image: Array, exponents: Strengths, _: np.random.Generator) -> None:
    """Raise to a power, with the image's own range scaled to [0, 1] for it and back."""
    low, high = image.min(), image.max()
    if not high > low:
        return
    image -= low
    image /= high - low
    # exp and log take half the time of power where the processor has no AVX-512; log(0) would warn.
    np.log(np.maximum(image, np.finfo(np.float32).tiny, out=image), out=image)
    image *= _over_pixels(exponents, image)
    np.exp(image, out=image)
    image *= high - low
    image += low


def noise(image: Array, deviations: Strengths, generator: np.random.Generator) -> None:
    """Add independent Gaussian noise of the standard deviation to each value."""
    # This takes a third of the time of `standard_normal`, which draws one by one.
    ranks = generator.integers(0, QUANTILES, image.shape, np.uint16)
    image += normal_quantiles().take(ranks, mode="clip") * _over_pixels(deviations, image)


def cutout(image: Array, fractions: Strengths, generator: np.random.Generator, *, value: float = 0.0) -> None:
    """Set one box, of this fraction of the size along each axis, to `value` in all channels."""
    box = [slice(None)]
    for size in image.shape[1:]:
        length = round(fractions[0] * size)
        start = int(generator.integers(size - length + 1))
        box.append(slice(start, start + length))
    image[tuple(box)] = value


@functools.cache
def normal_quantiles() -> Array:
    """Return the middle quantiles of `QUANTILES` equal parts of the standard normal distribution, with deviation 1."""
    quantiles = special.ndtri((np.arange(QUANTILES) + 0.5) / QUANTILES)
    quantiles = (quantiles / quantiles.std()).astype(np.float32)
    quantiles.flags.writeable = False  # the cache returns the same array to all
    return quantiles


def _over_pixels(strengths: Strengths, image: Array) -> Array:
    return strengths.astype(np.float32).reshape(-1, *[1] * (image.ndim - 1))


# In the order of acquisition: optics and coil first, then the display, then the detector's noise, and what hides it.
STEPS: dict[str, Callable[..., None]] = {
    "blur": blur,
    "bias_field": bias_field,
    "contrast": contrast,
    "brightness": brightness,
    "gamma": gamma,
    "noise": noise,
    "cutout": cutout,
}


def vary(image: Array, streams: RandomStreams, *, per_channel: bool, hidden: float) -> bool:
    """Apply the steps that act on this image in place; return whether there was one.

    Args:
        image: `(channels, *spatial_shape)`, changed.
        streams: The random numbers of the image.
        per_channel: Whether each channel draws its own strength; a cut-out is one box for all channels.
        hidden: The value inside a cut-out.
    """
    varied = False
    for option, step in STEPS.items():
        drawn = streams.strengths(option, len(image) if per_channel else 1)
        if drawn is None:
            continue
        strengths, generator = drawn
        extra = {"value": hidden} if option == "cutout" else {}
        step(image, np.broadcast_to(strengths, len(image)), generator, **extra)
        varied = True
    return varied
