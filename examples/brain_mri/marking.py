"""From the probabilities of a patient's pixels to the mask of the tumour."""

from dataclasses import replace

import numpy as np

from resunet_kit.masks import PostProcess, fill_holes


def mark(pixels: np.ndarray, options: PostProcess) -> np.ndarray:
    """Return the mask of all slices of a patient, which are marked together.

    A tumour extends into the next slice: pixels of low probability are kept where they are connected to pixels of high
    probability, in their own slice or across slices. Holes are filled within each slice, since few are closed above and
    below too.

    Args:
        pixels: `(slices, height, width)`, the probability of each pixel.
        options: Thresholds and rules.

    Returns:
        The same shape, uint8 of 0 and 1.
    """
    marked = replace(options, max_hole=0)(pixels)
    return np.stack([fill_holes(slice_, max_size=options.max_hole) for slice_ in marked])
