"""One image or one mask from a file, as the models take them; or a volume."""

from typing import Literal

import numpy as np

from resunet_kit._shared.numbers import integer
from resunet_kit.data.files.decoding import PathLike, decode, unreadable
from resunet_kit.data.files.normalization import Statistics, checked_normalization, scaled, z_score
from resunet_kit.data.files.resizing import ImageSize, check_size, resize_image, resize_mask, sides_to

# Ids above this are more often grey levels of a drawing than classes; `num_classes` says otherwise.
_LARGEST_ID_UNASKED = 127


def read_image(
    path: PathLike, *, image_size: ImageSize | None = None, normalize: Literal["image"] | Statistics | None = None
) -> np.ndarray:
    """Read an image or volume file as float32 in [0, 1], or normalised.

    8-bit files are divided by 255, 16-bit files by 65535; a file of other numbers must already lie in [0, 1], unless
    it is normalised. Channels are kept as stored: a grey file has one, and palettes become RGB.

    Args:
        path: PNG, JPEG, TIFF (also LZW or deflate); `.npy` of shape `(h, w)`, `(h, w, channels)` or
            `(d, h, w, channels)`; NIfTI, whose axes stay in the file's order, its first three being the sides of a
            volume, or the first two where the third has length 1.
        image_size: `(height, width)`, or one number for a square; for volumes `(depth, height, width)` or one number
            for a cube. Resized by an antialiased bilinear filter and rounded to the file's own levels. None keeps the
            size.
        normalize: `"image"` shifts and scales each channel to mean 0 and standard deviation 1, a channel of one value
            to 0. `(mean, std)`, each one number or one a channel, does so with these, as `image_statistics` gives them.
            None does not.

    Returns:
        Float32 array `(height, width, channels)`, or `(depth, height, width, channels)`.

    Raises:
        ValueError: If the file is absent, damaged or of another kind; the message names it.

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
            "Expected normalize='image' or (mean, std) for one file, received 'volume'. Read its slices, and pass "
            "them together to `z_score`."
        )
    raw = read_raw_image(path, any_range=chosen is not None)
    raw = resize_image(raw, sides_to(image_size, raw.shape[:-1]))
    if chosen == "image":
        return z_score(raw)
    image = scaled(raw, None, white(raw.dtype))
    return image if chosen is None else z_score(image, mean=chosen[0], std=chosen[1])


def read_mask(
    path: PathLike,
    *,
    image_size: ImageSize | None = None,
    num_classes: int | None = None,
    ignore_class: int | None = None,
) -> np.ndarray:
    """Read a mask file as uint8 class ids.

    Files of 0 and 255 (65535 in 16 bits), of 0 and 1, or of booleans become 0 and 1. Other files keep their ids;
    a palette file's ids are its indices. Ids above 127, or 255 beside ids other than 0, need `num_classes`.

    Args:
        path: Any lossless file that `read_image` takes. Colour files pass if their colours are all grey.
        image_size: As for `read_image`; resized by nearest neighbour. None keeps the size.
        num_classes: If given, ids must be below it: 1 or 2 asks for a two-valued mask, more keep the ids
            as stored, even 0 and 255. None decides file by file, as above.
        ignore_class: An id allowed beside the classes and kept as it is, often 255; needs `num_classes`.

    Returns:
        Uint8 array `(height, width, 1)`, or `(depth, height, width, 1)`.

    Raises:
        ValueError: If the file is absent, damaged, coloured or holds unexpected values; the message names it.

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
    check_classes(num_classes, ignore_class)
    mask = read_ids(path, num_classes, ignore_class)
    return resize_mask(mask, sides_to(image_size, mask.shape[:-1]))


def read_raw_image(path: PathLike, *, any_range: bool = False) -> np.ndarray:
    """Return `(*sides, c)` in the file's own type if that is 8 or 16 bits without sign, else as float32.

    Args:
        path: The file.
        any_range: Whether values of other types may lie outside [0, 1], because they will be normalised.
    """
    raw = decode(path, palette=True)
    if raw.dtype in (np.uint8, np.uint16, np.bool_):
        return raw  # 8 bits take a quarter of the memory of float32
    if raw.dtype.kind not in "iuf":
        raise unreadable(path, f"expected numbers, received {raw.dtype}; convert it.")
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused below
        image = raw.astype(np.float32)
    low, high = float(image.min()), float(image.max())
    if not np.isfinite([low, high]).all():
        raise unreadable(path, f"expected finite values, received {low:g} to {high:g}; replace them.")
    if not any_range and not (low >= 0 and high <= 1):
        raise unreadable(
            path,
            f"expected 8- or 16-bit levels, or {raw.dtype} in [0, 1], received {low:g} to {high:g}; rescale the file, "
            "or pass normalize='image'.",
        )
    return image


def white(dtype: np.dtype) -> int:
    """Return the stored level that stands for 1."""
    return int(np.iinfo(dtype).max) if dtype.kind == "u" else 1


def read_ids(path: PathLike, num_classes: int | None, ignore_class: int | None) -> np.ndarray:
    """Return the ids of a mask file as uint8 `(*sides, 1)` at the file's own size."""
    raw = _one_channel(path, decode(path, palette=False))
    if raw.dtype.kind not in "buif":
        raise unreadable(path, f"expected class ids, received {raw.dtype}; convert it.")
    values = _values(raw)
    two_valued = any(_within(values, {0, one}) for one in (1, 255, white(raw.dtype)))
    if two_valued and (num_classes is None or num_classes <= 2) and not _within(values, {0, ignore_class}):
        return (raw != 0).astype(np.uint8)
    if _within(values, _allowed(num_classes, ignore_class)):
        return raw.astype(np.uint8)
    raise unreadable(path, _unexpected(values, num_classes))


def check_classes(num_classes: int | None, ignore_class: int | None) -> None:
    """Refuse class counts and ids that uint8 masks cannot hold."""
    for name, number in (("num_classes", num_classes), ("ignore_class", ignore_class)):
        if number is not None:
            integer(name, number, "[0, inf)")
    if num_classes is not None and not 1 <= num_classes <= 256:
        raise ValueError(f"Expected num_classes from 1 to 256 or None, received {num_classes}.")
    if ignore_class is not None and (num_classes is None or not 0 <= ignore_class <= 255):
        raise ValueError(f"Expected ignore_class from 0 to 255, with num_classes; received {ignore_class}.")


def _one_channel(path: PathLike, raw: np.ndarray) -> np.ndarray:
    """Return `(*sides, 1)`: a grey mask saved in colour, with or without opacity, is still a mask."""
    colours = raw[..., : raw.shape[-1] - (raw.shape[-1] in (2, 4))]
    if colours.shape[-1] > 1 and (colours != colours[..., :1]).any():
        raise unreadable(path, f"expected a mask of one channel, received {raw.shape[-1]} that differ.")
    return raw[..., :1]


def _values(raw: np.ndarray) -> np.ndarray:
    """Return the distinct values; counting is three times as fast as `np.unique` where there are only 256."""
    if raw.dtype == np.uint8:
        return np.flatnonzero(np.bincount(raw.ravel(), minlength=256))
    return np.unique(raw)


def _allowed(num_classes: int | None, ignore_class: int | None) -> set[int | None]:
    highest = _LARGEST_ID_UNASKED if num_classes is None else max(num_classes, 2) - 1
    return {*range(highest + 1), ignore_class}


def _within(values: np.ndarray, allowed: set[int | None]) -> bool:
    return all(value in allowed for value in values.tolist())


def _unexpected(values: np.ndarray, num_classes: int | None) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:8]) + (", ..." if len(values) > 8 else "")
    expected = "0/255, 0/1 or small class ids" if num_classes is None else f"ids below {max(num_classes, 2)}"
    return (
        f"expected mask values {expected}, received {shown}. Grey edges come from JPEG or smooth resizing: "
        "threshold the mask and save it as PNG; larger ids need num_classes, a void id ignore_class."
    )
