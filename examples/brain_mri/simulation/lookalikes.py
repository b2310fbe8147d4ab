"""White matter hyperintensities of the aging brain: harmless caps around the ventricles and small spots on FLAIR."""

import numpy as np

from examples.brain_mri.simulation.anatomy import Anatomy
from examples.brain_mri.simulation.fields import Volume, smooth_field


def draw_hyperintensity(rng: np.random.Generator, anatomy: Anatomy, *, age: float) -> Volume:
    """Draw bright caps and spots in white matter, more of them with `age` in years.

    They are as bright as a lesion on FLAIR but small or thin, and leave T1 as it is.

    Args:
        rng: Source of the random numbers.
        anatomy: The tissue of each pixel.
        age: Age of the patient.

    Returns:
        0 to 1, `(slices, 256, 256)`.
    """
    aging = min(max((age - 15) / 50, 0.15), 1.3)
    extent = rng.uniform(1.5, 5.0) * aging
    patchy = np.clip(0.7 + 0.5 * smooth_field(rng, anatomy.depth.shape, (8, 9, 9)), 0, 1)
    caps = np.exp(-((np.maximum(anatomy.ventricle_mm - 1, 0) / (1 + extent)) ** 2)) * patchy
    spots = _spots(rng, anatomy.tissues["white"], count=int(rng.poisson(14 * aging)))
    return np.maximum(caps, spots) * anatomy.tissues["white"]


def _spots(rng: np.random.Generator, white: Volume, *, count: int) -> Volume:
    spots = np.zeros_like(white)
    candidates = np.argwhere(white[:, ::4, ::4] > 0.9) * (1, 4, 4)
    if not len(candidates):
        return spots
    for z, y, x in candidates[rng.integers(len(candidates), size=count)]:
        radius, stretch = rng.uniform(1.2, 3.2), rng.uniform(0.6, 1.6)
        rows, columns = slice(max(0, y - 12), y + 13), slice(max(0, x - 12), x + 13)
        down, across = np.ogrid[rows, columns]
        blob = np.exp(-(((down - y) / radius) ** 2 + ((across - x) / (radius * stretch)) ** 2))
        spots[z, rows, columns] = np.maximum(spots[z, rows, columns], rng.uniform(0.6, 1.1) * blob)
    return np.clip(spots, 0, 1)
