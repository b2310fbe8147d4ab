"""MR signal of the tissues, with contrast that differs from scan to scan, shading, blur and Rician noise."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from examples.brain_mri.simulation.anatomy import Anatomy
from examples.brain_mri.simulation.fields import Volume, smooth_field
from examples.brain_mri.simulation.lesion import Lesion

SEQUENCES = ("pre-contrast", "FLAIR", "post-contrast")  # in the order of the channels

# Signal of each tissue in the three sequences, relative to white matter on T1; the order of brightness is that of
# spin-echo T1 and of FLAIR at 1.5 T, tuned by eye against published scans.
SIGNAL = {
    "white": (1.00, 0.78, 1.00),
    "grey": (0.82, 0.98, 0.86),
    "fluid": (0.30, 0.16, 0.32),
    "fat": (2.45, 2.05, 2.35),
    "muscle": (0.75, 0.65, 0.95),
    "marrow": (0.80, 0.55, 0.80),
    "eye": (0.35, 0.20, 0.35),
    "vessel": (0.55, 0.25, 2.10),
}
LESION = (0.66, 1.50, 0.68)
CORE = (0.48, 1.15, 0.50)
RING = (0.80, 1.45, 1.75)


def draw_missing(rng: np.random.Generator) -> tuple[str, ...]:
    """Draw the sequences that were not acquired.

    As in the published cohort of 110 patients, 9 lack the post-contrast scan and 6 the pre-contrast scan. Since 101
    have all three, those 6 must be among the 9.

    Example:
        >>> draw_missing(np.random.default_rng(0))
        ()
    """
    chance = rng.random()
    if chance < 6 / 110:
        return ("pre-contrast", "post-contrast")
    return ("post-contrast",) if chance < 9 / 110 else ()


def scan(
    rng: np.random.Generator,
    anatomy: Anatomy,
    lesion: Lesion,
    *,
    hyperintensity: Volume,
    missing: tuple[str, ...] = (),
) -> npt.NDArray[np.uint8]:
    """Acquire the three sequences; a missing one is replaced by FLAIR.

    Args:
        rng: Source of contrast, shading and noise.
        anatomy: The tissue of each pixel.
        lesion: Its traits.
        hyperintensity: Harmless brightness on FLAIR, 0 to 1, `(slices, 256, 256)`.
        missing: Sequences that were not acquired.

    Returns:
        `(slices, 256, 256, 3)`.
    """
    texture = 0.10 * smooth_field(rng, anatomy.depth.shape, (12, 40, 40))
    texture += 0.06 * smooth_field(rng, anatomy.depth.shape, (12, 90, 90))
    patient = _draw_contrast(rng)
    channels = []
    for channel in range(3):
        signal = _healthy_signal(anatomy, patient[channel])
        if channel == 1:
            signal = signal + 0.75 * hyperintensity * np.minimum(1, signal)
        signal = _with_lesion(signal, anatomy, lesion, patient[channel], texture)
        channels.append(_acquire(rng, signal))
    return np.stack([channels[1] if name in missing else channels[i] for i, name in enumerate(SEQUENCES)], -1)


Contrast = dict[str, float]


def _draw_contrast(rng: np.random.Generator) -> list[Contrast]:
    """Vary every tissue by 4 %, and how conspicuous the lesion is by much more."""
    conspicuity = rng.uniform(0.55, 1.25)
    table = {**SIGNAL, "lesion": LESION, "core": CORE, "ring": RING}
    contrasts = []
    for channel in range(3):
        values = {name: row[channel] * rng.normal(1, 0.04) for name, row in table.items()}
        values["grey"] += rng.uniform(-0.06, 0.08)
        values["fat"] *= rng.uniform(0.8, 1.15)
        values["lesion"] = 0.95 + conspicuity * (values["lesion"] - 0.95)
        contrasts.append(values)
    return contrasts


def _healthy_signal(anatomy: Anatomy, contrast: Contrast) -> Volume:
    signal = np.zeros_like(anatomy.depth)
    for name, fraction in anatomy.tissues.items():
        signal += np.float32(contrast[name]) * fraction
    return signal


def _with_lesion(signal: Volume, anatomy: Anatomy, lesion: Lesion, contrast: Contrast, texture: Volume) -> Volume:
    inside = np.full_like(signal, contrast["lesion"])
    if lesion.core:
        ramp = np.clip(0.5 + (lesion.core - anatomy.depth) / 0.12 + texture, 0, 1)
        inside += (contrast["core"] - contrast["lesion"]) * ramp
    if lesion.enhances:
        shell = np.exp(-(((anatomy.depth - lesion.core) / 0.09) ** 2)) * np.clip(0.75 + 3 * texture, 0, 1)
        inside += (contrast["ring"] - inside) * shell
    return signal + anatomy.infiltration * (inside * (1 + texture) - signal)


def _acquire(rng: np.random.Generator, signal: Volume) -> npt.NDArray[np.uint8]:
    """Shade, blur, scale to bytes and add Rician noise: the magnitude of a complex signal."""
    bias = np.exp(0.10 * smooth_field(rng, signal.shape, (4, 5, 5)))
    signal = ndimage.gaussian_filter1d(signal * bias, rng.uniform(0.5, 0.9), axis=1)
    signal = ndimage.gaussian_filter1d(signal, rng.uniform(0.5, 0.9), axis=2)
    signal *= np.float32(rng.uniform(58, 82))
    sigma = np.float32(rng.uniform(1.2, 3.2))
    real, imaginary = (sigma * rng.standard_normal(signal.shape, dtype=np.float32) for _ in range(2))
    magnitude = np.hypot(signal + real, imaginary)
    return np.clip(np.rint(magnitude), 0, 255).astype(np.uint8)
