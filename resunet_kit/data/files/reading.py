"""One image or volume from a file, as models take it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from resunet_kit.data.files.decoding import decode
from resunet_kit.data.files.errors import file_error
from resunet_kit.data.files.missing_values import IMAGE_CURE, checked_nan, without_nan
from resunet_kit.data.files.normalization import Statistics, checked_normalization, full_scale, scaled, z_score
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.resizing import ImageSize, check_size, resize_image, target_shape


@dataclass(frozen=True)
class ImageOptions:
    """How an image file is turned into an array, once checked.

    Attributes:
        any_range: Whether values of types other than uint8 and uint16 may lie outside [0, 1], because they will be
            normalised.
        nan: What NaN is read as; None refuses it.
    """

    any_range: bool = False
    nan: float | None = None

    def __post_init__(self) -> None:
        checked_nan(self.nan)


def read_image(
    path: PathLike,
    *,
    image_size: ImageSize | None = None,
    normalize: Literal["image"] | Statistics | None = None,
    nan: float | None = None,
) -> np.ndarray:
    """Read an image or volume file as float32 in [0, 1], or normalised.

    8-bit files are divided by 255, 16-bit files by 65535; values of other types must already lie in [0, 1], unless
    they are normalised. Channels stay as stored: a grey file has one, and palettes become RGB.

    Args:
        path: PNG, JPEG or TIFF; `.npy` of shape `(height, width)`, `(height, width, channels)` or
            `(depth, height, width, channels)`; NIfTI, whose axes stay in the file's order: the first three are those of
            a volume, or the first two are those of an image where the third has length 1. TIFF compressions that
            neither Pillow nor tifffile decodes alone, and PNG of 16-bit colour, need `resunet-kit[codecs]`.
        image_size: `(height, width)`, or one integer for a square; for volumes `(depth, height, width)`, or one integer
            for a cube. Resized by an antialiased bilinear filter and rounded to the file's own type. None leaves the
            size.
        normalize: `"image"` shifts and scales each channel to mean 0 and standard deviation 1, and a constant channel
            to 0. `(mean, std)`, each one number or one per channel, uses these, as `image_statistics` returns them.
            None leaves the values in [0, 1].
        nan: The number that NaN is read as, in the unit of the file, such as 0 for files of SPM, which writes NaN
            outside the brain. It counts in the mean and standard deviation. None refuses NaN.

    Returns:
        Float32 array `(height, width, channels)`, or `(depth, height, width, channels)`.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If an option is out of range, or the file does not exist, is damaged or of another kind; the message
            names it.
        ImportError: If the file needs `resunet-kit[codecs]`.

    Note:
        A camera's rotation tag is not applied: masks are drawn on the stored pixels.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "grey.npy")
        ...     np.save(path, np.array([[0, 51], [102, 255]], "uint8"))
        ...     read_image(path)[..., 0]
        array([[0. , 0.2],
               [0.4, 1. ]], dtype=float32)
    """
    check_size(image_size)
    chosen = checked_normalization(normalize)
    if chosen == "volume":
        raise ValueError(
            "Expected normalize='image' or (mean, std) for one file. Received normalize='volume'. Read the slices of "
            "the volume, and pass them together to z_score."
        )
    raw = read_raw_image(path, ImageOptions(any_range=chosen is not None, nan=nan))
    raw = resize_image(raw, target_shape(image_size, raw.shape[:-1]))
    if chosen == "image":
        return z_score(raw)
    image = scaled(raw, None, full_scale(raw.dtype))
    return image if chosen is None else z_score(image, mean=chosen[0], std=chosen[1])


def read_raw_image(path: PathLike, options: ImageOptions) -> np.ndarray:
    """Return the stored values if they are uint8, uint16 or bool, else float32.

    Returns:
        `([depth,] height, width, channels)`.
    """
    raw = decode(path, palette=True)
    if raw.dtype in (np.uint8, np.uint16, np.bool_):
        return raw  # 8 bits take a quarter of the memory of float32
    if raw.dtype.kind not in "iuf":
        raise file_error(path, f"Expected numbers. Received {raw.dtype}. Convert the values.")
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused below
        image = without_nan(path, raw.astype(np.float32), options.nan, IMAGE_CURE)
    low, high = float(image.min()), float(image.max())
    if not np.isfinite([low, high]).all():
        raise file_error(path, f"Expected finite values. Received {low:g} to {high:g}. Replace infinite values.")
    if not options.any_range and not (low >= 0 and high <= 1):
        raise file_error(
            path,
            f"Expected uint8 or uint16 values, or {raw.dtype} in [0, 1]. Received {low:g} to {high:g}. Rescale the "
            "file, or pass normalize='image'.",
        )
    return image
