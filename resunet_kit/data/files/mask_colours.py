"""Masks whose colours encode class labels."""

import numpy as np

from resunet_kit.data.files.errors import file_error
from resunet_kit.data.files.label_table import LabelTable
from resunet_kit.data.files.levels import shown, spread
from resunet_kit.data.files.mask_channel import check_meaning
from resunet_kit.data.files.normalization import full_scale
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.rotation import rotated
from resunet_kit.data.files.stored import StoredImage


def stored_colours(
    path: PathLike, stored: StoredImage, table: LabelTable | None, *, exif_rotation: bool | None
) -> np.ndarray:
    """Return the colours of a mask file, those of a palette looked up.

    Args:
        path: For messages.
        stored: The file.
        table: What the colours mean; None for foreground, which ignores opacity.
        exif_rotation: As in `read_mask`.

    Returns:
        `([depth,] height, width, channels)`: grey, or red, green and blue, and the opacity if there is one.

    Raises:
        ValueError: If the file has no colours, or a lossy compression may have changed them.
    """
    check_meaning(path, stored)
    if stored.meaning == "cmyk":
        raise file_error(path, "Expected colours in RGB. Received CMYK. Save the mask as an RGB PNG.")
    colours = _with_opacity(stored)
    exact = table is not None and table.default is None  # each colour is compared
    if stored.lossy is not None and not exact and not np.isin(colours, (0, full_scale(colours.dtype))).all():
        raise file_error(
            path,
            f"Expected colours of a mask. Received colours out of {stored.lossy}, a compression that changes them. "
            "Redraw the mask, and save it as PNG.",
        )
    if table is None:
        colours = _without_opacity(path, colours)
    return rotated(path, colours, stored.orientation, exif_rotation)


def has_colours(stored: StoredImage) -> bool:
    """Return whether the file has red, green and blue that differ; three channels of an array may be anything."""
    return stored.meaning == "rgb" and bool((stored.array[..., :3] != stored.array[..., :1]).any())


def _with_opacity(stored: StoredImage) -> np.ndarray:
    """Return colours of 8 bits where the file has fewer, as users write those of black and white."""
    colours, opacity = shown(stored), stored.opacity()
    if opacity is not None and not stored.has_opacity:
        colours = np.concatenate([colours, opacity.astype(colours.dtype)], axis=-1)
    if stored.palette is not None or colours.dtype not in (np.bool_, np.uint8):
        return colours
    return spread(colours.astype(np.uint8), stored.white)


def _without_opacity(path: PathLike, colours: np.ndarray) -> np.ndarray:
    if colours.shape[-1] in (1, 3):
        return colours
    opacity = colours[..., -1:]
    if (opacity != opacity.flat[0]).any():
        raise file_error(
            path,
            "Expected a mask without opacity. Received opacity that differs. Pass channel=-1 if the mask is in it, or "
            "classes with colours as (red, green, blue, opacity).",
        )
    return colours[..., :-1]
