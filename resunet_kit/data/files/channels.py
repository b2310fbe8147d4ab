"""Conversion of channels: grey, RGB or RGBA from any of them, from palettes and from CMYK."""

import numpy as np
from PIL import Image

from resunet_kit._shared.numbers import integer
from resunet_kit.data.files.errors import file_error
from resunet_kit.data.files.levels import intensities, spread
from resunet_kit.data.files.normalization import full_scale as largest
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.stored import StoredImage

# ITU-R BT.601, in the integers of Pillow's conversion.
_LUMA = (19595, 38470, 7471)


def check_channels(channels: int | None) -> None:
    """Check the option.

    Raises:
        TypeError: If it is neither an integer nor None.
        ValueError: If it is not 1, 3 or 4.
    """
    if channels is not None and integer("channels", channels) not in (1, 3, 4):
        raise ValueError(
            f"Expected channels to be 1 (grey), 3 (RGB), 4 (RGB and opacity) or None. Received channels={channels}. "
            "Pass one of them."
        )


def with_channels(path: PathLike, stored: StoredImage, image: np.ndarray, channels: int | None) -> np.ndarray:
    """Return the image with the requested channels.

    For 1 and 3, opacity is dropped: colours under transparent pixels are shown as they are stored. For 4, it is the
    file's own, or full.

    Args:
        path: For the message.
        stored: What the file stores.
        image: Its intensities, `([depth,] height, width, channels)`.
        channels: 1, 3, 4, or None to leave them as they are.

    Raises:
        ValueError: If the file does not say what its channels are.
    """
    if channels is None:
        return image
    colours = _colours(stored, image)
    if colours is None:
        if image.shape[-1] == channels:
            return image
        raise file_error(path, _unknown(image, channels))
    if channels == 1:
        return _grey(colours)
    if colours.shape[-1] == 1:
        colours = np.repeat(colours, 3, axis=-1)
    if channels == 3:
        return np.ascontiguousarray(colours)
    return np.concatenate([colours, _opacity(path, stored, colours)], axis=-1)


def _colours(stored: StoredImage, image: np.ndarray) -> np.ndarray | None:
    """Return grey or RGB without opacity; None if it is unknown what the channels are."""
    if stored.meaning == "cmyk":
        return _rgb_of_cmyk(image[..., :4])
    if stored.meaning == "unknown":
        return image if image.ndim == 3 and image.shape[-1] in (1, 3) else None
    return image[..., : 3 if stored.meaning in ("rgb", "palette") else 1]


def _grey(colours: np.ndarray) -> np.ndarray:
    if colours.shape[-1] == 1:
        return np.ascontiguousarray(colours)
    if colours.dtype.kind == "f":
        return (colours.astype(np.float64) @ np.array([0.299, 0.587, 0.114]))[..., None].astype(colours.dtype)
    weights = np.array(_LUMA, np.uint64)
    return ((colours.astype(np.uint64) @ weights + 0x8000) >> 16)[..., None].astype(colours.dtype)


def _rgb_of_cmyk(inks: np.ndarray) -> np.ndarray:
    """Return RGB as Pillow does, without a colour profile: white minus the ink, minus the black."""
    if inks.dtype == np.uint8:
        return np.asarray(Image.fromarray(inks, "CMYK").convert("RGB"))
    white = largest(inks.dtype)
    rest = 1 - inks.astype(np.float64) / white
    rgb = rest[..., :3] * rest[..., 3:] * white
    return (np.rint(rgb) if inks.dtype.kind == "u" else rgb).astype(inks.dtype)


def _opacity(path: PathLike, stored: StoredImage, colours: np.ndarray) -> np.ndarray:
    found = stored.opacity()
    if found is None:
        return np.full_like(colours[..., :1], largest(colours.dtype))
    if stored.palette is not None:
        return spread(found, 255).astype(colours.dtype)
    part = StoredImage(found, "grey", stored.white)
    scaled = intensities(path, part, full_scale=None, any_range=True)
    if scaled.dtype == colours.dtype:
        return scaled
    return (scaled / largest(scaled.dtype) * largest(colours.dtype)).astype(colours.dtype)


def _unknown(image: np.ndarray, channels: int) -> str:
    kind = "a volume" if image.ndim == 4 else "a file"
    return (
        f"Expected grey, RGB, RGBA, CMYK or a palette with channels={channels}. Received {kind} of {image.shape[-1]} "
        "channels that does not say what they are. Save the channels that you need as .npy, and leave channels out."
    )
