"""Images shifted and scaled to mean 0 and standard deviation 1, by their own statistics or by given ones."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Statistics = tuple[ArrayLike, ArrayLike]  # mean and standard deviation, of each channel or of all
Normalization = Literal["image", "volume"] | Statistics | None
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
    def of(cls, image: NDArray) -> "Moments":
        """Return the moments of `(..., channels)`."""
        pixels = image.reshape(-1, image.shape[-1])
        if image.dtype == np.uint8:
            return cls._of_levels(pixels)
        with np.errstate(over="ignore", invalid="ignore"):  # refused by who uses the result
            first = pixels[0].astype(np.float64)
            apart = pixels - first  # so that a channel of one value has no rounding at all
            mean = apart.mean(axis=0)
            return cls(len(pixels), first + mean, np.square(apart - mean).sum(axis=0))

    @classmethod
    def _of_levels(cls, pixels: NDArray[np.uint8]) -> "Moments":
        """Count the 256 levels first: exact, and several times as fast."""
        counts = np.stack([np.bincount(channel, minlength=256) for channel in pixels.T])
        levels = np.arange(256.0)
        mean = counts @ levels / len(pixels)
        return cls(len(pixels), mean, (counts * np.square(levels - mean[:, None])).sum(axis=1))

    def __add__(self, other: "Moments") -> "Moments":
        count = self.count + other.count
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.count / count)
        return Moments(
            count, mean, self.squares + other.squares + np.square(apart) * (self.count * other.count / count)
        )

    def divided(self, unit: float) -> "Moments":
        """Return the moments of the image divided by `unit`."""
        return Moments(self.count, self.mean / unit, self.squares / unit**2)

    def statistics(self) -> tuple[Row, Row]:
        """Return the mean and the standard deviation of each channel."""
        return self.mean, np.sqrt(self.squares / self.count)


def z_score(images: ArrayLike, *, mean: ArrayLike | None = None, std: ArrayLike | None = None) -> NDArray[np.float32]:
    """Return `(images - mean) / std`, channel by channel.

    Without `mean` and `std` they are those of the array itself, over all axes but the last: pass one image to
    normalise by image, all slices of a patient to normalise by volume. A channel of one value becomes 0.

    Args:
        images: `(..., channels)`.
        mean: One number for each channel or for all, in the images' unit.
        std: Alike, 0 or more; 0 counts as 1, so that constant channels are only shifted.

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
        raise TypeError(f"Expected images of numbers. Received dtype {array.dtype}.")
    if array.ndim < 2 or not array.size:
        raise ValueError(f"Expected images (..., channels) with at least one pixel. Received shape {array.shape}.")
    if (mean is None) != (std is None):
        raise ValueError(f"Expected mean and std together, or neither. Received mean={mean!r} and std={std!r}.")
    if mean is None or std is None:
        shift, deviation = Moments.of(array).statistics()
    else:
        shift, deviation = checked_statistics((mean, std), array.shape[-1])
    if not np.isfinite([shift, deviation]).all():
        raise ValueError(f"Expected finite images. Received a mean of {shift} and a standard deviation of {deviation}.")
    return scaled(array, shift, divisor(deviation))


def checked_normalization(normalize: Normalization) -> Literal["image", "volume"] | Statistics | None:
    """Return the option, refusing what is neither a word of its two nor a pair.

    Raises:
        ValueError: If it is something else.
    """
    if normalize is None or isinstance(normalize, str):
        if normalize not in (None, "image", "volume"):
            raise ValueError(f"Expected normalize='image', 'volume', (mean, std) or None. Received {normalize!r}.")
        return normalize
    if not isinstance(normalize, (tuple, list)) or len(normalize) != 2:
        raise ValueError(
            f"Expected normalize='image', 'volume', (mean, std) or None. Received {normalize!r}. "
            "`image_statistics` gives the pair of your training images."
        )
    checked_statistics((normalize[0], normalize[1]), None)
    return normalize[0], normalize[1]


def checked_statistics(statistics: Statistics, channels: int | None) -> tuple[Row, Row]:
    """Return mean and standard deviation as float64, one number for each channel where their number is known.

    Raises:
        TypeError: If they are not numbers.
        ValueError: If they are not finite, a deviation is negative, or their number is not that of the channels.
    """
    try:
        mean, std = (np.asarray(part, np.float64) for part in statistics)
    except (TypeError, ValueError) as error:
        raise TypeError(f"Expected mean and std as numbers. Received {statistics!r}.") from error
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std >= 0).all()):
        raise ValueError(f"Expected a finite mean and a std of 0 or more. Received {mean.tolist()} and {std.tolist()}.")
    for name, part in (("mean", mean), ("std", std)):
        if part.ndim > 1 or (channels is not None and part.size not in (1, channels)):
            wanted = "each channel" if channels is None else f"each of {channels} channels"
            raise ValueError(f"Expected one {name} for {wanted}, or one for all. Received shape {part.shape}.")
    if channels is None:
        return mean, std
    return np.broadcast_to(mean, channels), np.broadcast_to(std, channels)


def divisor(std: Row) -> Row:
    """Return what to divide by: 1 instead of 0, so that constant channels are only shifted."""
    return np.where(std == 0, 1.0, std)


def scaled(array: NDArray, shift: Row | None, scale: Row | float, out: NDArray | None = None) -> NDArray[np.float32]:
    """Return `(array - shift) / scale` as float32, into `out` where given.

    Args:
        array: `(..., channels)`.
        shift: One number for each channel; None shifts nothing.
        scale: Alike, or one for all.
        out: Of the array's shape, in one piece.
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
