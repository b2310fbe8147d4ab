"""The channel of a mask file that holds its labels, where this is unambiguous."""

import os
import warnings

import numpy as np

from resunet_kit.data.files.errors import UnsupportedFile, file_error
from resunet_kit.data.files.label_table import colour_counts
from resunet_kit.data.files.levels import shown
from resunet_kit.data.files.opacity import says_the_same
from resunet_kit.data.files.palettes import greys_as_labels, palette_labels
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.rotation import rotated
from resunet_kit.data.files.stored import StoredImage

_WHITE_OF_LABELS = 15  # the white of 4 bits, below which white is as likely a label
_CHOOSE = "pass channel=, the index of the channel with the labels: 0 for the first, -1 for the last, as of an opacity"


def stored_labels(
    path: PathLike,
    stored: StoredImage,
    *,
    channel: int | None = None,
    num_classes: int | None = None,
    exif_rotation: bool | None = None,
) -> np.ndarray:
    """Return the numbers of a mask file, `([depth,] height, width, 1)`, in the file's own type.

    0 and the white of a file of 8 bits are left as they are; of other bits they become 0 and 1 unless they may be
    labels.

    Args:
        path: For messages.
        stored: The file.
        channel: The channel of the labels; None takes the only one.
        num_classes: As in `read_mask`.
        exif_rotation: As in `read_mask`.

    Raises:
        ValueError: If there may be a mask in another channel too, numbers are not finite, or a lossy compression has
            changed them.
    """
    check_meaning(path, stored)
    wide = num_classes is not None and num_classes > 2
    try:
        labels = _chosen(stored, channel) if channel is not None else _only(stored, wide)
        _check_numbers(stored, labels, wide)
    except UnsupportedFile as error:
        raise file_error(path, error) from None
    labels = rotated(path, labels, stored.orientation, exif_rotation)
    binary = np.isin(labels, (0, stored.white)).all() if stored.white not in (1, 255, 65535) else False
    if binary and not wide and (num_classes is not None or stored.white > _WHITE_OF_LABELS):
        return (labels != 0).astype(np.uint8)
    return labels


def check_meaning(path: PathLike, stored: StoredImage) -> None:
    """Refuse a file that cannot be a mask, and warn of one whose foreground may be meant as background."""
    if stored.no_mask:
        raise file_error(path, stored.no_mask)
    if stored.doubt:
        warnings.warn(f"{os.fspath(path)!r} {stored.doubt}", UserWarning, stacklevel=2)


def _chosen(stored: StoredImage, channel: int) -> np.ndarray:
    """Return one of the file's channels; colours of a palette and a transparent colour count as channels."""
    array, opacity = shown(stored), stored.opacity()
    if opacity is not None and not stored.has_opacity:
        array = np.concatenate([array, opacity.astype(array.dtype)], axis=-1)
    count = array.shape[-1]
    if not -count <= channel < count:
        raise UnsupportedFile(
            f"Expected channel to be in [{-count}, {count - 1}]. Received channel={channel} for a file of {count} "
            "channels. Pass the index of one of them."
        )
    return array[..., channel % count][..., None]


def _only(stored: StoredImage, wide: bool) -> np.ndarray:
    if stored.meaning == "cmyk":
        raise UnsupportedFile(
            f"Expected a grey mask. Received CMYK, whose larger numbers are darker. Save it as a grey PNG, or "
            f"{_CHOOSE}."
        )
    if stored.palette is not None:
        labels = _of_palette(stored.array, stored.palette, wide)
    elif stored.meaning == "unknown" or stored.array.shape[-1] > stored.colours + stored.has_opacity:
        return _of_unknown_channels(stored)
    else:
        labels = stored.array[..., :1]
        if stored.colours > 1 and (stored.array[..., : stored.colours] != labels).any():
            raise UnsupportedFile(_differ(stored))
    opacity = stored.opacity()
    if opacity is None or (not stored.has_opacity and _are_labels(labels)):
        return labels
    if not says_the_same(labels, opacity, 255 if stored.palette is not None else stored.white):
        raise UnsupportedFile(
            "Expected a mask without transparent pixels, or with transparent pixels where it is 0. Received another "
            f"opacity, so that the mask may be in the opacity or in the colours. Save it without, or {_CHOOSE}."
        )
    return labels


def _of_palette(indices: np.ndarray, palette: np.ndarray, wide: bool) -> np.ndarray:
    greys = greys_as_labels(indices, palette)
    if greys is not None:
        return greys
    return indices if wide else palette_labels(indices, palette)


def _are_labels(numbers: np.ndarray) -> bool:
    """Return whether there are more than two numbers, so that the transparent one is a label of several."""
    return bool(((numbers != numbers.min()) & (numbers != numbers.max())).any())


def _of_unknown_channels(stored: StoredImage) -> np.ndarray:
    """Return the first channel if all are equal, or if the fourth can only be a full opacity of a grey picture."""
    array, first = stored.array, stored.array[..., :1]
    if array.shape[-1] == 1 or (array == first).all():
        return first
    is_grey = (array[..., :3] == first).all() and (first != first.flat[0]).any()
    if array.shape[-1] == 4 and is_grey and (array[..., 3] == stored.white).all():
        return first
    raise UnsupportedFile(_differ(stored))


def _differ(stored: StoredImage) -> str:
    array = stored.array
    return (
        f"Expected a mask of one channel. Received {array.shape[-1]} that differ. {_colours_cure(stored) or 'Either '}"
        f"save the labels as a grey image, of one-hot masks numpy.argmax(mask, axis=-1), or {_CHOOSE}."
    )


def _colours_cure(stored: StoredImage) -> str:
    """Return how to read these colours; empty if the channels are not colours."""
    array = stored.array
    if array.shape[-1] not in (3, 4) or array.dtype.kind not in "ui":
        return ""
    if stored.lossy is not None:
        return (
            f"Their compression, {stored.lossy}, changes colours: check that images and masks are not exchanged; or "
            "redraw the mask, and save it as PNG; or "
        )
    opacity = stored.opacity()
    is_plain = opacity is None or bool((opacity == opacity.flat[0]).all())
    key = "(red, green, blue)" if is_plain else "(red, green, blue, opacity)"
    foreground = "foreground=True, which reads all but black as 1; or " if stored.meaning == "rgb" and is_plain else ""
    return (
        f"The first colours are {colour_counts(array)}. Pass what they mean, as in classes={{{key}: label}}; or "
        f"{foreground}"
    )


def _check_numbers(stored: StoredImage, labels: np.ndarray, wide: bool) -> None:
    if labels.dtype.kind == "f" and np.isinf(labels).any():  # an option says what NaN means
        bad = int(np.isinf(labels).sum())
        raise UnsupportedFile(
            f"Expected class labels. Received {bad} values of {labels.size} that are infinite. Replace them, for "
            "example by the background: numpy.nan_to_num(mask, posinf=0, neginf=0)."
        )
    white = 255 if stored.palette is not None else stored.white
    if stored.lossy is not None and (wide or not np.isin(labels, (0, white)).all()):
        raise UnsupportedFile(
            f"Expected class labels. Received numbers out of {stored.lossy}, a compression that changes them: it can "
            "hold a mask of black and white at best. Threshold or redraw the mask, and save it as PNG."
        )
