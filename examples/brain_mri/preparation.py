"""Preparation of a patient's slices for the networks, and the mapping of their output back to the slices.

The head is cropped to a square, each sequence is scaled by its own percentiles within the head, and the slices are
resized. All slices of a patient are prepared together: a slice alone does not tell how bright its sequence is.
"""

from dataclasses import dataclass

import numpy as np
from skimage.measure import label
from skimage.transform import resize

FLAIR = 1  # its channel; the others are the T1 before and after contrast agent
PERCENTILES = (1.0, 99.5)  # within the head: what is darker becomes 0, what is brighter 1
AIR = 0.1  # of the upper percentile of a volume: what is darker is not the head
MARGIN = 4  # pixels around the head


@dataclass(frozen=True)
class Prepared:
    """Slices as the networks see them.

    Attributes:
        images: `(slices, size, size, 3)` float32 in [0, 1].
        shape: Height and width of the original slices.
        window: Top, left and side of the square crop, in pixels of the original slices; it may extend beyond them.
    """

    images: np.ndarray
    shape: tuple[int, int]
    window: tuple[int, int, int]

    def masks(self, masks: np.ndarray) -> np.ndarray:
        """Return masks `(slices, height, width)` of 0 and 1 as the networks see them, uint8 `(slices, size, size)`."""
        size = self.images.shape[1]
        return np.stack([_resized(mask.astype("float32"), size) >= 0.5 for mask in _cut(masks, self.window)]).astype(
            "uint8"
        )

    def restore(self, maps: np.ndarray) -> np.ndarray:
        """Return maps `(slices, size, size)` at the slices' own size, float32; outside the window they are 0."""
        (top, left, side), (height, width) = self.window, self.shape
        restored = np.zeros((len(maps), height, width), "float32")
        rows, columns = slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
        for out, one in zip(restored, maps, strict=True):
            square = _resized(one.astype("float32"), side)
            out[rows, columns] = square[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        return restored


def prepare(images: np.ndarray, size: int) -> Prepared:
    """Prepare all slices of one patient.

    Args:
        images: `(slices, height, width, channels)`, finite, in any unit. Three channels are T1, FLAIR and T1 with
            contrast agent; one is FLAIR alone.
        size: Height and width of the result in pixels.

    Returns:
        The prepared slices. A missing sequence, which is one without any contrast, is replaced by FLAIR, as in the LGG
        data.

    Raises:
        ValueError: If the axes or channels are unexpected, there are no slices, or values are not finite.
    """
    _check(images)
    volume = _complete(images.astype("float32"))
    window = _window(volume)
    scaled = _scaled(_cut(volume, window))
    return Prepared(np.stack([_resized(one, size) for one in scaled]), images.shape[1:3], window)


def _check(images: np.ndarray) -> None:
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not images.size:
        raise ValueError(
            "Expected slices (slices, height, width, channels) of 3 channels, or of 1 for FLAIR alone. Received shape "
            f"{images.shape}. Stack the slices of one patient, in their order."
        )
    if not np.isfinite(images).all():
        raise ValueError("Expected finite values. Received NaN or infinite ones. Replace them, as by 0 for air.")


def _complete(volume: np.ndarray) -> np.ndarray:
    """Return three channels that start at 0, with FLAIR in place of sequences without contrast."""
    volume = volume - volume.min(axis=(0, 1, 2))  # standardised images too have air as their darkest value
    if volume.shape[-1] == 1:
        return np.repeat(volume, 3, axis=-1)
    present = [channel for channel in (FLAIR, 0, 2) if np.ptp(volume[..., channel]) > 0] or [FLAIR]
    return np.stack([volume[..., channel if channel in present else present[0]] for channel in range(3)], axis=-1)


def _window(volume: np.ndarray) -> tuple[int, int, int]:
    """Return top, left and side of the square around the head; without a head, around the whole slices."""
    brightest = volume.max(axis=-1)
    head = brightest > AIR * np.percentile(brightest, PERCENTILES[1])
    labels, found = label(head, return_num=True)
    if found:
        sizes = np.bincount(labels.ravel())
        head = labels == 1 + sizes[1:].argmax()
    # Less than a hundredth of a row is not the head, but noise or the frame of a screenshot.
    rows = np.flatnonzero(head.mean(axis=(0, 2)) > 0.01)
    columns = np.flatnonzero(head.mean(axis=(0, 1)) > 0.01)
    height, width = volume.shape[1:3]
    top, bottom = (rows[0], rows[-1] + 1) if len(rows) else (0, height)
    left, right = (columns[0], columns[-1] + 1) if len(columns) else (0, width)
    side = max(bottom - top, right - left) + 2 * MARGIN
    return int((top + bottom - side) // 2), int((left + right - side) // 2), int(side)


def _cut(volume: np.ndarray, window: tuple[int, int, int]) -> np.ndarray:
    """Return a window `(slices, side, side, ...)` of slices, with zeros where it exceeds them."""
    top, left, side = window
    height, width = volume.shape[1:3]
    before = max(0, -top), max(0, -left)
    after = max(0, top + side - height), max(0, left + side - width)
    padding = [(0, 0), *zip(before, after, strict=True), *[(0, 0)] * (volume.ndim - 3)]
    rows, columns = slice(top + before[0], top + before[0] + side), slice(left + before[1], left + before[1] + side)
    return np.pad(volume, padding)[:, rows, columns]


def _scaled(volume: np.ndarray) -> np.ndarray:
    """Return each channel in [0, 1], by its percentiles within the head; a channel without contrast is 0."""
    scaled = np.zeros_like(volume)
    for channel in range(volume.shape[-1]):
        values = volume[..., channel]
        inside = values[values > AIR * np.percentile(values, PERCENTILES[1])]
        low, high = np.percentile(inside, PERCENTILES) if len(inside) else (0.0, 0.0)
        if high > low:
            scaled[..., channel] = np.clip((values - low) / (high - low), 0, 1)
    return scaled


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    return resize(image, (size, size), order=1, anti_aliasing=size < len(image)).astype("float32")
