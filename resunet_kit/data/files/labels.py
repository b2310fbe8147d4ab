"""One mask from a file, as class labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from resunet_kit._shared.numbers import flag, integer
from resunet_kit.data.files.alignment import mask_like
from resunet_kit.data.files.decoding import load
from resunet_kit.data.files.errors import file_error
from resunet_kit.data.files.geometry import Geometry
from resunet_kit.data.files.label_meaning import check_meaning, foreground_labels
from resunet_kit.data.files.label_rounding import rounded_labels
from resunet_kit.data.files.label_table import Classes, LabelTable, label_table, labelled
from resunet_kit.data.files.mask_channel import stored_labels
from resunet_kit.data.files.mask_colours import has_colours, stored_colours
from resunet_kit.data.files.missing_values import MASK_CURE, checked_nan_label, without_nan
from resunet_kit.data.files.normalization import full_scale
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.resizing import ImageSize, check_size, resize_mask, target_shape
from resunet_kit.data.files.rotation import check_exif_rotation

# Larger values are more often intensities of a drawing than class labels, unless `num_classes` is given.
_LARGEST_LABEL_BY_DEFAULT = 127
_ANY_NUMBERS = 256  # with so many classes, every stored number stays as it is


@dataclass(frozen=True)
class LabelOptions:
    """How a mask file is turned into class labels; see `read_mask`.

    Raises:
        TypeError: If an option is of a wrong type.
        ValueError: If uint8 masks cannot hold the classes, or the options do not fit each other.
    """

    num_classes: int | None = None
    ignore_class: int | None = None
    channel: int | None = None
    exif_rotation: bool | None = None
    nan: float | None = None
    classes: Classes | LabelTable | None = None
    foreground: bool = False
    # Without num_classes, 255 stays 255 where it would become 1, to be compared with other files.
    keeps_white: bool = False

    def __post_init__(self) -> None:
        checked_nan_label(self.nan)
        check_exif_rotation(self.exif_rotation)
        if self.channel is not None:
            integer("channel", self.channel)
        if self.num_classes is not None:
            integer("num_classes", self.num_classes, "[1, 256]")
        if self.ignore_class is not None:
            integer("ignore_class", self.ignore_class, "[0, 255]")
        flag("foreground", self.foreground)
        if self.classes is not None and not isinstance(self.classes, LabelTable):
            object.__setattr__(self, "classes", label_table(self.classes))
        check_meaning(self.num_classes, self.ignore_class, self.table, self.channel, foreground=self.foreground)

    @property
    def table(self) -> LabelTable | None:
        """The checked table."""
        return self.classes if isinstance(self.classes, LabelTable) else None


def read_mask(
    path: PathLike,
    *,
    image_size: ImageSize | None = None,
    num_classes: int | None = None,
    ignore_class: int | None = None,
    classes: Classes | None = None,
    foreground: bool = False,
    channel: int | None = None,
    exif_rotation: bool | None = None,
    nan: float | None = None,
    like: PathLike | Geometry | None = None,
) -> np.ndarray:
    """Read a mask file as uint8 class labels.

    Files of 0 and 255 (65535 in 16 bits), of 0 and 1, or of booleans become 0 and 1. Other files keep their labels;
    those of a palette file are its indices. Labels above 127, or 255 together with labels other than 0, need
    `num_classes`. Numbers and colours with another meaning need `classes`, instance numbers `foreground`. Values within
    0.001 of an integer, or 0.01 % above label 10, are read as that label: a NIfTI header's scale may turn 1 into
    1.00002.

    Args:
        path: Any lossless file that `read_image` accepts. Colour files are accepted if all their colours are grey.
        image_size: `(height, width)`, or one integer for a square; for volumes `(depth, height, width)`, or one integer
            for a cube. Resized by nearest neighbour. None keeps the size.
        num_classes: If given, labels must be below it: 1 or 2 requires a binary mask, a larger number keeps labels as
            stored, even 0 and 255. None chooses file by file, as above.
        ignore_class: An additional label, often 255, which is allowed and stays as it is; needs `num_classes`,
            `classes` or `foreground`.
        classes: What stored numbers or colours mean, as a dictionary. `{4: 3}` reads 4 as class 3;
            `{(128, 0, 0): 1, (0, 0, 0): 0}` reads colours, also those of a palette, and `(red, green, blue, opacity)`;
            `{1: 1, 2: 0, 3: 255}` with `ignore_class=255` leaves out what was 3. The key None means everything that is
            not listed: `{7: 0, 8: 1, None: 255}`. Without it, all colours must be listed, and other numbers stay as
            they are unless a listed number is mapped to them. All entries apply at once, so that `{1: 2, 2: 1}` swaps.
            Numbers may be of any size and sign, labels from 0 to 255.
        foreground: True reads every number above 0 (in colour files, every colour but black) as 1, for example in
            instance masks, with any number of bits. `ignore_class` then stays as it is.
        channel: The channel that holds the labels, for files with several: 0 is the first, -1 the last, such as an
            alpha channel. A palette file has the channels of its colours. None takes the only one.
        exif_rotation: True rotates and mirrors the mask as its EXIF tag says, as viewers do; False reads the stored
            pixels; None reads the stored pixels too, but warns where a tag says otherwise.
        nan: The class label that NaN is read as, such as 0 or `ignore_class`. None refuses NaN.
        like: The NIfTI image of the mask, or its geometry: the mask of a NIfTI file is reoriented to the image's axes,
            as `pairs_dataset` does for each pair. None keeps the axes in the order of the mask's file.

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
    options = LabelOptions(
        num_classes,
        ignore_class,
        channel=channel,
        exif_rotation=exif_rotation,
        nan=nan,
        classes=classes,
        foreground=foreground,
    )
    mask = read_labels(path, options)
    if like is not None:
        mask = mask_like(mask, path, like)
    return resize_mask(mask, target_shape(image_size, mask.shape[:-1]))


def read_labels(path: PathLike, options: LabelOptions) -> np.ndarray:
    """Return the class labels of a mask file as uint8 `([depth,] height, width, 1)` at the file's own size."""
    raw = _stored(path, options)
    if raw.dtype.kind not in "buif":
        raise file_error(path, f"Expected class labels. Received {raw.dtype}. Convert the values.")
    values = rounded_labels(without_nan(path, raw, options.nan, MASK_CURE))
    if options.table is None and not options.foreground:
        return _plain_labels(path, values, options)
    try:
        labels = _meant_labels(values, options)
    except ValueError as error:
        raise file_error(path, error) from None
    if options.nan is not None and raw.dtype.kind == "f":
        labels[np.isnan(raw).any(axis=-1)] = options.nan  # a label already, not a number of the table
    return labels


def _plain_labels(path: PathLike, raw: np.ndarray, options: LabelOptions) -> np.ndarray:
    """Return labels where the numbers alone say what they mean."""
    values = _values(raw)
    num_classes, ignore_class = options.num_classes, options.ignore_class
    white = next((one for one in (1, 255, full_scale(raw.dtype)) if _within(values, {0, one})), None)
    if white and (num_classes is None or num_classes <= 2) and not _within(values, {0, ignore_class}):
        return (raw != 0) * np.uint8(255 if options.keeps_white and num_classes is None and white > 1 else 1)
    if _within(values, _allowed(num_classes, ignore_class)):
        return raw.astype(np.uint8)
    raise file_error(path, _unexpected(values, _allowed(num_classes, ignore_class), num_classes))


def _meant_labels(raw: np.ndarray, options: LabelOptions) -> np.ndarray:
    """Return labels where options say what the numbers or colours mean."""
    if options.table is None:
        return foreground_labels(raw, options.ignore_class)
    taken = options.table.labels - {options.ignore_class}
    allowed = _allowed(options.num_classes, options.ignore_class)
    return labelled(raw, options.table, {label for label in allowed if label is not None and label not in taken})


def _stored(path: PathLike, options: LabelOptions) -> np.ndarray:
    """Return the file's numbers `(..., 1)` or, where they are asked for, its colours `(..., channels)`."""
    stored, table = load(path), options.table
    by_colour = has_colours(stored) and options.channel is None if options.foreground else table and table.of_colours
    if by_colour:
        return stored_colours(path, stored, table, exif_rotation=options.exif_rotation)
    return stored_labels(
        path,
        stored,
        channel=options.channel,
        num_classes=options.num_classes if table is None else _ANY_NUMBERS,
        exif_rotation=options.exif_rotation,
    )


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


def _unexpected(values: np.ndarray, allowed: set[Any], num_classes: int | None) -> str:
    unexpected = [value for value in values.tolist() if value not in allowed]
    shown = ", ".join(f"{value:g}" for value in values[:8]) + (", ..." if len(values) > 8 else "")
    expected = "0/255, 0/1 or small class labels" if num_classes is None else f"below {max(num_classes, 2)}"
    received = f"Expected mask values {expected}. Received {shown}."
    if not all(float(value).is_integer() for value in unexpected):
        return (
            f"{received} Of probabilities, threshold the mask and save it; of labels that a NIfTI header scales, save "
            "what nibabel.load(path).dataobj.get_unscaled() returns."
        )
    # A label that no other number has: with it the table can be passed as it is shown.
    free = next((label for label in (*sorted(allowed - {None, 0}), 0) if label not in values), None)
    table = f"{unexpected[-1]:.0f}: 0, 0: 0" if free is None else f"{unexpected[-1]:.0f}: {free}"
    return (
        f"{received} Larger labels need num_classes, unmarked pixels also ignore_class; other numbers a table, as in "
        f"classes={{{table}}}; foreground=True reads all above 0 as 1, as for instances. Grey edges come from JPEG or "
        "smooth resizing: threshold the mask and save it as PNG."
    )
