"""MNI152 tissue maps that nilearn carries, and the distance maps that turn a bare brain into a head."""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.morphology import convex_hull_image

from examples.brain_mri.simulation.fields import Volume

COARSE_MM = 2  # voxel side of the distance maps: they are smooth, and an eighth of the size
SKULL_BASE_MM = 66.0  # template height below which the head no longer follows the brain: face and neck


@dataclass(frozen=True)
class Template:
    """Maps over the MNI152 grid, axes (right, anterior, superior); 1 voxel is 1 mm unless named coarse.

    Attributes:
        grey: Probability of grey matter, 0 to 255.
        white: Probability of white matter, 0 to 255.
        brain_distance: Coarse; mm outside the smooth hull of the brain, negative inside.
        head_distance: Coarse; the same for the hull continued downwards, to carry skull and scalp.
        ventricle_distance: Coarse; mm from the lateral and third ventricles, 0 inside.
    """

    grey: npt.NDArray[np.uint8]
    white: npt.NDArray[np.uint8]
    brain_distance: Volume
    head_distance: Volume
    ventricle_distance: Volume


@functools.lru_cache(maxsize=1)
def load_template() -> Template:
    """Load the template once per process, without any download.

    Example:
        >>> load_template().white.shape
        (197, 233, 189)
    """
    # Imported late: nilearn takes seconds, and `import examples.brain_mri` should not.
    from nilearn import datasets

    load = (datasets.load_mni152_template, datasets.load_mni152_gm_template, datasets.load_mni152_wm_template)
    t1, grey, white = (np.asarray(f(resolution=1).dataobj, np.float32) for f in load)
    coarse = (slice(None, None, COARSE_MM),) * 3
    brain = t1[coarse] > 0
    hull = _closed(brain, radius_mm=14)
    upper = int(SKULL_BASE_MM / COARSE_MM)
    # The vault is an oval in every slice; below it the brain has lobes with face and neck between them.
    hull[:, :, upper:] = _oval_slices(hull[:, :, upper:])
    brain_distance = _signed_distance(hull)
    fluid = brain & (grey[coarse] + white[coarse] < 0.5)
    return Template(
        grey=_to_bytes(grey),
        white=_to_bytes(white),
        brain_distance=brain_distance,
        head_distance=_signed_distance(_continued_down(hull, brain_distance), rounding_mm=5.0),
        ventricle_distance=_distance_to(_ventricles(fluid, brain_distance)),
    )


def _to_bytes(probability: Volume) -> npt.NDArray[np.uint8]:
    return np.clip(probability * 255, 0, 255).round().astype(np.uint8)


def _distance_to(region: npt.NDArray[np.bool_]) -> Volume:
    return ndimage.distance_transform_edt(~region, sampling=COARSE_MM).astype(np.float32)


def _signed_distance(region: npt.NDArray[np.bool_], *, rounding_mm: float = 2.0) -> Volume:
    return ndimage.gaussian_filter(_distance_to(region) - _distance_to(~region), rounding_mm / COARSE_MM)


def _closed(region: npt.NDArray[np.bool_], *, radius_mm: float) -> npt.NDArray[np.bool_]:
    """Fill the sulci and fissures narrower than twice `radius_mm`."""
    padded = np.pad(region, 10)
    grown = _distance_to(padded) <= radius_mm
    closed = _distance_to(~grown) > radius_mm
    return closed[10:-10, 10:-10, 10:-10] | region


def _oval_slices(region: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    slices = [convex_hull_image(one) if one.any() else one for one in np.moveaxis(region, 2, 0)]
    return np.stack(slices, axis=2)


def _continued_down(hull: npt.NDArray[np.bool_], distance: Volume) -> npt.NDArray[np.bool_]:
    """Continue the outline at the skull base to the bottom, slightly narrowed, with a nose in front."""
    base = int(SKULL_BASE_MM / COARSE_MM)
    head = hull.copy()
    outline = distance[:, :, base]
    for level in range(base):
        head[:, :, level] |= outline < -0.12 * COARSE_MM * (base - level)
    x, y, z = np.meshgrid(*(np.arange(n) * COARSE_MM for n in hull.shape), indexing="ij")
    nose = ((x - 98) / 13) ** 2 + ((y - 190) / 20) ** 2 + ((z - 12) / 26) ** 2 < 1
    return head | nose


def _ventricles(fluid: npt.NDArray[np.bool_], brain_distance: Volume) -> npt.NDArray[np.bool_]:
    """Keep the fluid deep in the upper brain: cisterns and sulci lie nearer to the surface or lower."""
    x, y, z = np.meshgrid(*(np.arange(n) * COARSE_MM for n in fluid.shape), indexing="ij")
    side = np.abs(x - 98)
    deep = fluid & (brain_distance < -24) & (side < 42) & (z > 60) & (z < 112)
    # Between the hemispheres lies the falx, and only in the middle of the brain the third ventricle.
    deep &= (side > 4) | ((z < 84) & (y > 104) & (y < 140))
    labels, count = ndimage.label(deep)
    sizes = ndimage.sum_labels(deep, labels, np.arange(1, count + 1))
    return np.isin(labels, 1 + np.flatnonzero(sizes * COARSE_MM**3 > 400))
