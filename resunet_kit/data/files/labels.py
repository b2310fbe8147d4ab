"""One mask from a file, as class labels."""

from dataclasses import dataclass

import numpy as np

from resunet_kit._shared.numbers import integer
from resunet_kit.data.files.alignment import mask_like
from resunet_kit.data.files.decoding import decode
from resunet_kit.data.files.errors import file_error
from resunet_kit.data.files.geometry import Geometry
from resunet_kit.data.files.label_rounding import rounded_labels
from resunet_kit.data.files.missing_values import MASK_CURE, checked_nan_label, without_nan
from resunet_kit.data.files.normalization import full_scale
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.resizing import ImageSize, check_size, resize_mask, target_shape

# Larger values are more often intensities of a drawing than class labels, unless `num_classes` is given.
_LARGEST_LABEL_BY_DEFAULT = 127


@dataclass(frozen=True)
class LabelOptions:
    """How a mask file is turned into class labels; see `read_mask`.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If uint8 masks cannot hold the classes, or the options do not fit each other.
    """

    num_classes: int | None = None
    ignore_class: int | None = None
    nan: float | None = None

    def __post_init__(self) -> None:
        checked_nan_label(self.nan)
        if self.num_classes is not None:
            integer("num_classes", self.num_classes, "[1, 256]")
        if self.ignore_class is None:
            return
        integer("ignore_class", self.ignore_class, "[0, 255]")
        if self.num_classes is None:
            raise ValueError(
                f"Expected num_classes with ignore_class. Received ignore_class={self.ignore_class} alone. Pass both."
            )


def read_mask(
    path: PathLike,
    *,
    image_size: ImageSize | None = None,
    num_classes: int | None = None,
    ignore_class: int | None = None,
    nan: float | None = None,
    like: PathLike | Geometry | None = None,
) -> np.ndarray:
    """Read a mask file as uint8 class labels.

    Files of 0 and 255 (65535 in 16 bits), of 0 and 1, or of booleans become 0 and 1. Other files keep their labels;
    those of a palette file are its indices. Labels above 127, or 255 together with labels other than 0, need
    `num_classes`. Values within 0.001 of an integer, or 0.01 % above label 10, are this label: a NIfTI header's scale
    may make 1.00002 of 1.

    Args:
        path: Any lossless file that `read_image` takes. Colour files pass if all their colours are grey.
        image_size: As for `read_image`; resized by nearest neighbour. None leaves the size.
        num_classes: If given, labels must be below it: 1 or 2 asks for a binary mask, more leave labels as stored,
            even 0 and 255. None chooses file by file, as above.
        ignore_class: A label allowed besides the classes, which stays as it is, often 255; needs `num_classes`.
        nan: The class label that NaN is read as, such as 0 or `ignore_class`. None refuses NaN.
        like: The NIfTI image of the mask, or its geometry: the mask of a NIfTI file is brought to the image's axes, as
            `pairs_dataset` does for each pair. None leaves the axes in the order of the mask's file.

    Returns:
        Uint8 array `(height, width, 1)`, or `(depth, height, width, 1)`.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If an option is out of range, or the file does not exist, is damaged, coloured or holds unexpected
            values; the message names it.
        ImportError: If the file needs `resunet-kit[codecs]`.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "mask.npy")
        ...     np.save(path, np.array([[0, 255], [255, 0]], "uint8"))
        ...     read_mask(path)[..., 0]
        array([[0, 1],
               [1, 0]], dtype=uint8)
    """
    check_size(image_size)
    mask = read_labels(path, LabelOptions(num_classes, ignore_class, nan))
    if like is not None:
        mask = mask_like(mask, path, like)
    return resize_mask(mask, target_shape(image_size, mask.shape[:-1]))


def read_labels(path: PathLike, options: LabelOptions) -> np.ndarray:
    """Return the class labels of a mask file as uint8 `([depth,] height, width, 1)` at the file's own size."""
    raw = _one_channel(path, decode(path, palette=False))
    if raw.dtype.kind not in "buif":
        raise file_error(path, f"Expected class labels. Received {raw.dtype}. Convert the values.")
    raw = rounded_labels(without_nan(path, raw, options.nan, MASK_CURE))
    values = _values(raw)
    num_classes, ignore_class = options.num_classes, options.ignore_class
    is_binary = any(_within(values, {0, one}) for one in (1, 255, full_scale(raw.dtype)))
    if is_binary and (num_classes is None or num_classes <= 2) and not _within(values, {0, ignore_class}):
        return (raw != 0).astype(np.uint8)
    if _within(values, _allowed(num_classes, ignore_class)):
        return raw.astype(np.uint8)
    raise file_error(path, _unexpected(values, num_classes))


def _one_channel(path: PathLike, raw: np.ndarray) -> np.ndarray:
    """Return one channel: a grey mask saved in colour, with or without opacity, is still a mask."""
    colours = raw[..., : raw.shape[-1] - (raw.shape[-1] in (2, 4))]
    if colours.shape[-1] > 1 and (colours != colours[..., :1]).any():
        raise file_error(
            path,
            f"Expected a mask of one channel. Received {raw.shape[-1]} that differ. Save the labels as a grey image.",
        )
    return raw[..., :1]


def _values(raw: np.ndarray) -> np.ndarray:
    """Return the distinct values; counting is three times as fast as `np.unique` where there are only 256."""
    if raw.dtype == np.uint8:
        return np.flatnonzero(np.bincount(raw.ravel(), minlength=256))
    return np.unique(raw)


def _allowed(num_classes: int | None, ignore_class: int | None) -> set[int | None]:
    highest = _LARGEST_LABEL_BY_DEFAULT if num_classes is None else max(num_classes, 2) - 1
    return {*range(highest + 1), ignore_class}


def _within(values: np.ndarray, allowed: set[int | None]) -> bool:
    return all(value in allowed for value in values.tolist())


def _unexpected(values: np.ndarray, num_classes: int | None) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:8]) + (", ..." if len(values) > 8 else "")
    expected = "0/255, 0/1 or small class labels" if num_classes is None else f"below {max(num_classes, 2)}"
    return (
        f"Expected mask values {expected}. Received {shown}. Grey edges come from JPEG or smooth resizing: threshold "
        "the mask and save it as PNG. Larger labels need num_classes, a label of unmarked pixels ignore_class."
    )
