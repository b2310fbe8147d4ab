"""Images shifted and scaled to mean 0 and standard deviation 1, by their own statistics or by given ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.numbers import choice, numbers_per_axis

Statistics = tuple[ArrayLike, ArrayLike]  # mean and standard deviation, of each channel or of all
Scope = Literal["image", "volume"]  # what an image's own statistics are taken over
Normalization = Scope | Statistics | None
Row = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Number of pixels, and for each channel the mean and the sum of squared distances from it.

    In this form moments of two images add up without loss (Chan, Golub and LeVeque, 1983).
    """

    count: int
    mean: Row
    squares: Row

    @classmethod
    def of(cls, image: NDArray) -> Moments:
        """Return the moments of the stored values, `(..., channels)`."""
        pixels = image.reshape(-1, image.shape[-1])
        if image.dtype == np.uint8:
            return cls._of_bytes(pixels)
        with np.errstate(over="ignore", invalid="ignore"):  # the caller refuses the result
            first = pixels[0].astype(np.float64)
            shifted = pixels - first  # so that a constant channel has no rounding error
            mean = shifted.mean(axis=0)
            return cls(len(pixels), first + mean, np.square(shifted - mean).sum(axis=0))

    @classmethod
    def _of_bytes(cls, pixels: NDArray[np.uint8]) -> Moments:
        """Use a histogram of the 256 values: exact, and several times as fast."""
        counts = np.stack([np.bincount(channel, minlength=256) for channel in pixels.T])
        values = np.arange(256.0)
        mean = counts @ values / len(pixels)
        return cls(len(pixels), mean, (counts * np.square(values - mean[:, None])).sum(axis=1))

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        difference = other.mean - self.mean
        mean = self.mean + difference * (other.count / count)
        between = np.square(difference) * (self.count * other.count / count)
        return Moments(count, mean, self.squares + other.squares + between)

    def statistics(self) -> tuple[Row, Row]:
        """Return the mean and the standard deviation of each channel."""
        return self.mean, np.sqrt(self.squares / self.count)


def full_scale(dtype: np.dtype) -> int:
    """Return the stored value that stands for 1: the largest of an unsigned type, and 1 for others."""
    return int(np.iinfo(dtype).max) if dtype.kind == "u" else 1


def image_moments(raw: NDArray) -> Moments:
    """Return the moments of a file's stored values `(..., channels)`, divided by their full scale."""
    stored, unit = Moments.of(raw), full_scale(raw.dtype)
    return Moments(stored.count, stored.mean / unit, stored.squares / unit**2)


def z_score(images: ArrayLike, *, mean: ArrayLike | None = None, std: ArrayLike | None = None) -> NDArray[np.float32]:
    """Return `(images - mean) / std`, channel by channel.

    Without `mean` and `std`, those of the array itself are used, over all axes but the last: pass one image to
    normalise by image, all slices of a patient to normalise by volume. A constant channel becomes 0.

    Args:
        images: `(..., channels)`.
        mean: One number for each channel or for all, in the images' unit.
        std: As `mean`, 0 or more; 0 counts as 1, so that constant channels are only shifted.

    Returns:
        Float32 of the images' shape.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If only one of `mean` and `std` is given, their lengths do not fit, they are not finite, or there
            is no pixel.

    Example:
        >>> z_score([[[1.0, 7.0], [3.0, 7.0]]])
        array([[[-1.,  0.],
                [ 1.,  0.]]], dtype=float32)
    """
    array = np.asarray(images)
    if array.dtype.kind not in "buif":
        raise TypeError(f"Expected images of numbers. Received dtype {array.dtype}. Convert them.")
    if array.ndim < 2 or not array.size:
        raise ValueError(
            f"Expected images (..., channels) with at least one pixel. Received shape {array.shape}. For images "
            "without a channel axis pass images[..., None]."
        )
    if (mean is None) != (std is None):
        raise ValueError(f"Expected mean and std together, or neither. Received mean={mean!r}, std={std!r}. Pass both.")
    if mean is None or std is None:
        shift, deviation = Moments.of(array).statistics()
    else:
        shift, deviation = checked_statistics((mean, std), array.shape[-1])
    if not np.isfinite([shift, deviation]).all():
        raise ValueError(
            f"Expected finite images. Received a mean of {shift} and a standard deviation of {deviation}. Replace NaN "
            "and infinite values, and rescale values near the limits of float64."
        )
    return scaled(array, shift, divisor(deviation))


def checked_normalization(normalize: Normalization) -> Normalization:
    """Return the option, statistics as a tuple.

    Raises:
        TypeError: If it is neither a name, a pair nor None, or the pair does not hold numbers.
        ValueError: If it is an unknown name, a sequence of another length, or statistics out of range.
    """
    if normalize is None:
        return None
    if not isinstance(normalize, tuple | list):
        return choice("normalize", normalize, get_args(Scope), also="(mean, std) or None")  # type: ignore[return-value]
    if len(normalize) != 2:
        raise ValueError(f"Expected normalize to be (mean, std). Received normalize={normalize!r}. Pass two entries.")
    checked_statistics((normalize[0], normalize[1]), None)
    return normalize[0], normalize[1]


def checked_statistics(statistics: Statistics, channels: int | None) -> tuple[Row, Row]:
    """Return mean and standard deviation as float64; `(channels,)` each where the number of channels is known.

    Raises:
        TypeError: If they are not numbers.
        ValueError: If they are not finite, a deviation is negative, or their number is not that of the channels.
    """
    mean, std = statistics
    return _per_channel("mean", mean, "(-inf, inf)", channels), _per_channel("std", std, "[0, inf)", channels)


def _per_channel(name: str, values: ArrayLike, interval: str, channels: int | None) -> Row:
    given = np.atleast_1d(np.asarray(values)).tolist()
    row = np.array(numbers_per_axis(name, given, len(given), interval))
    if channels is None:
        return row
    if len(row) not in (1, channels):
        raise ValueError(
            f"Expected {name} to be one number, or one for each of {channels} channels. Received {len(row)}. Pass the "
            "statistics of these images."
        )
    return np.broadcast_to(row, channels)


def divisor(std: Row) -> Row:
    """Return the standard deviation with 1 instead of 0, so that constant channels are only shifted."""
    return np.where(std == 0, 1.0, std)


def scaled(array: NDArray, shift: Row | None, scale: Row | float, out: NDArray | None = None) -> NDArray[np.float32]:
    """Return `(array - shift) / scale` as float32, into `out` where given.

    Args:
        array: `(..., channels)`.
        shift: One number for each channel, or None to leave values where they are.
        scale: One number for each channel, or one for all.
        out: A contiguous array of the same shape.
    """
    if shift is None:
        return np.divide(array, np.float32(scale), out=out, dtype=np.float32)
    if out is None:
        out = np.empty(array.shape, np.float32)
    # Over whole rows: NumPy takes the few channels of one pixel at a time, ten times as long.
    rows = np.reshape(array, (-1, array.shape[-2] * array.shape[-1]))
    shifts, scales = (np.tile(part, array.shape[-2]) for part in np.broadcast_arrays(shift, scale))
    if array.dtype.itemsize <= 2:
        view = out.reshape(rows.shape)
        np.subtract(rows, shifts.astype(np.float32), out=view, dtype=np.float32)
        np.divide(view, scales.astype(np.float32), out=view)
    else:  # the difference of large numbers is small
        out[...] = ((rows - shifts) / scales).reshape(array.shape)
    return out
