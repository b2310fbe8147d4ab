"""Reading of one image or volume from a file, in the form that models take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from resunet_kit._shared.numbers import number
from resunet_kit.data.files.channels import check_channels, with_channels
from resunet_kit.data.files.decoding import load
from resunet_kit.data.files.levels import intensities
from resunet_kit.data.files.missing_values import IMAGE_CURE, checked_nan, without_nan
from resunet_kit.data.files.normalization import Statistics, checked_normalization, scaled, z_score
from resunet_kit.data.files.normalization import full_scale as largest
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.resizing import ImageSize, check_size, resize_image, target_shape
from resunet_kit.data.files.rotation import check_exif_rotation, rotated


@dataclass(frozen=True)
class ImageOptions:
    """How an image file is turned into an array; see `read_image`.

    Attributes:
        any_range: Whether values of types other than uint8 and uint16 may lie outside [0, 1], because they will be
            normalised.
        channels: 1, 3, 4, or None for those of the file.
        full_scale: The stored number that is scaled to 1, or None for that of the file.
        exif_rotation: Whether to apply the rotation tag; None warns where there is one.
        nan: The number that replaces NaN; None refuses it.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If an option is out of range.
    """

    any_range: bool = False
    channels: int | None = None
    full_scale: float | None = None
    exif_rotation: bool | None = None
    nan: float | None = None

    def __post_init__(self) -> None:
        check_channels(self.channels)
        check_exif_rotation(self.exif_rotation)
        checked_nan(self.nan)
        if self.full_scale is not None:
            number("full_scale", self.full_scale, "(0, inf)")


def read_image(
    path: PathLike,
    *,
    image_size: ImageSize | None = None,
    channels: int | None = None,
    full_scale: float | None = None,
    normalize: Literal["image"] | Statistics | None = None,
    exif_rotation: bool | None = None,
    nan: float | None = None,
) -> np.ndarray:
    """Read an image or volume file as float32 in [0, 1], or normalised.

    Numbers of up to 16 bits are divided by the largest number of that many bits, 8-bit files by 255 and 16-bit files by
    65535; values of other types must already lie in [0, 1], unless `full_scale` is given or they are normalised. White
    is 1, also in TIFF files that store it as 0. Channels stay as stored unless `channels` is given: a grey file has
    one, opacity adds another, and palettes become RGB. Colours that a file stores multiplied by their opacity are
    divided by it again.

    Args:
        path: PNG, JPEG or TIFF; `.npy` of shape `(height, width)`, `(height, width, channels)` or
            `(depth, height, width, channels)`; NIfTI, whose axes stay in the file's order: the first three are those of
            a volume, or the first two are those of an image where the third has length 1. TIFF compressions that
            neither Pillow nor tifffile decodes alone, and PNG of 16-bit colour, need `resunet-kit[codecs]`.
        image_size: `(height, width)`, or one integer for a square; for volumes `(depth, height, width)`, or one integer
            for a cube. Resized by an antialiased bilinear filter and rounded to the file's own type. None keeps the
            size.
        channels: 1 for grey, with the weights of ITU-R BT.601; 3 for RGB; 4 for RGB and opacity, which is 1 for files
            without it. Any grey, RGB, CMYK or palette file can be converted to each of these; for 1 and 3, opacity is
            dropped, and transparent pixels show the colour that is stored under them. None keeps the channels of the
            file, without the opacity of palettes and of single colours.
        full_scale: The stored number that is scaled to 1, such as 4095 for 12 bits in a 16-bit file. Larger and
            negative numbers are then an error. None takes the largest number of the file's bits.
        normalize: `"image"` shifts and scales each channel to mean 0 and standard deviation 1, and a constant channel
            to 0. `(mean, std)`, each one number or one per channel, uses these, as returned by `image_statistics`. None
            gives values in [0, 1].
        exif_rotation: True rotates and mirrors the image as its EXIF tag says, as viewers do; False reads the stored
            pixels; None reads the stored pixels too, but warns where a tag says otherwise.
        nan: The number that replaces NaN, in the unit of the file, such as 0 for files from SPM, which writes NaN
            outside the brain. It is included in the mean and standard deviation. None refuses NaN.

    Returns:
        Float32 array `(height, width, channels)`, or `(depth, height, width, channels)`.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If an option is out of range, or the file does not exist, is damaged or of another kind; the message
            names it.
        ImportError: If the file needs `resunet-kit[codecs]`.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "grey.npy")
        ...     np.save(path, np.array([[0, 51], [102, 255]], "uint8"))
        ...     read_image(path)[..., 0]
        array([[0. , 0.2],
               [0.4, 1. ]], dtype=float32)
    """
    options = {"channels": channels, "full_scale": full_scale, "exif_rotation": exif_rotation, "nan": nan}
    return read_sized_image(path, image_size=image_size, normalize=normalize, **options)[0]


def read_sized_image(
    path: PathLike, *, image_size: ImageSize | None, normalize: Any, **options: Any
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return what `read_image` returns, and the spatial shape that the image has in its file."""
    check_size(image_size)
    chosen = checked_normalization(normalize)
    if chosen == "volume":
        raise ValueError(
            "Expected normalize='image' or (mean, std) for one file. Received normalize='volume'. Read the slices of "
            "the volume, and pass them together to z_score."
        )
    stored = read_raw_image(path, ImageOptions(any_range=chosen is not None, **options))
    shape = stored.shape[:-1]
    raw = resize_image(stored, target_shape(image_size, shape))
    if chosen == "image":
        return z_score(raw), shape
    image = scaled(raw, None, largest(raw.dtype))
    return image if chosen is None else z_score(image, mean=chosen[0], std=chosen[1]), shape


def read_raw_image(path: PathLike, options: ImageOptions) -> np.ndarray:
    """Return uint8, uint16 or bool, where the type's largest value stands for 1, else float32 or float64.

    8 bits take a quarter of the memory of float32.

    Returns:
        `([depth,] height, width, channels)`.
    """
    stored = load(path)
    stored = replace(stored, array=without_nan(path, stored.array, options.nan, IMAGE_CURE))
    image = intensities(path, stored, full_scale=options.full_scale, any_range=options.any_range)
    image = with_channels(path, stored, image, options.channels)
    return rotated(path, image, stored.orientation, options.exif_rotation)
