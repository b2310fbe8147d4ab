"""Intensities of any unit as numbers in [0, 1], one map for each sequence of a patient."""

import numpy as np

BRIGHTEST = 99.9  # percentile: a few voxels of vessels and artefacts are brighter than all tissue
DARK = 0.5  # 12 bits in a file of 16 reach 0.06


def in_unit_range(images: np.ndarray) -> np.ndarray:
    """Return 8-bit images, and others that fill [0, 1], as they are; others stretched to it.

    Args:
        images: `(..., channels)` float32, of one patient.
    """
    low, high = float(images.min()), float(images.max())
    if low >= 0 and high <= 1 and (high > DARK or _has_8_bits(images)):
        return images
    return stretched(images)


def stretched(images: np.ndarray) -> np.ndarray:
    """Return each channel shifted and scaled so that its smallest number is 0 and nearly its largest 1."""
    result = np.zeros(images.shape, np.float32)
    for channel in range(images.shape[-1]):
        values = images[..., channel]
        low, high = float(values.min()), float(np.percentile(values, BRIGHTEST))
        if high <= low:  # few pixels differ from the background
            high = float(values.max())
        if high > low:
            result[..., channel] = np.clip((values - low) / (high - low), 0, 1)
    return result


def _has_8_bits(images: np.ndarray) -> bool:
    levels = images * 255
    return bool(np.abs(levels - np.rint(levels)).max() < 1e-3)
