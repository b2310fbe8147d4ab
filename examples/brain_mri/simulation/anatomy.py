"""Anatomy of a patient: the position of each pixel in the template, and the tissue at it."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from examples.brain_mri.simulation.fields import Volume, smooth_field
from examples.brain_mri.simulation.lesion import Lesion
from examples.brain_mri.simulation.template import COARSE_MM, Template

SIDE = 256
CENTRE_MM = np.array([98.0, 117.0, 78.0], np.float32)  # of the head in the template
EYES_MM = np.array([[66.0, 196.0, 40.0], [130.0, 196.0, 40.0]], np.float32)


@dataclass(frozen=True)
class Geometry:
    """How one head lies in the scanner.

    Attributes:
        slices: Number of axial slices.
        bottom_mm: Template height of the first slice.
        top_mm: Template height of the last slice.
        pixel_mm: Side of a pixel.
        skull_mm: Thickness of the skull.
        scalp_mm: Thickness of the scalp.
        fluid_mm: Widening of the ventricles, which grow with age.
    """

    slices: int
    bottom_mm: float
    top_mm: float
    pixel_mm: float
    skull_mm: float
    scalp_mm: float
    fluid_mm: float


@dataclass(frozen=True)
class Anatomy:
    """Tissue and lesion of each pixel: arrays of shape `(slices, 256, 256)`.

    Attributes:
        tissues: Fraction of each pixel that is white, grey, fluid, fat, muscle, marrow, eye or vessel; the rest
            is bone or air and gives no signal.
        infiltration: 0 to 1, how far the lesion has replaced the tissue; its mask is where this exceeds 0.5.
        depth: Growth time of the lesion, 0 at its seed and 1 at its border.
        ventricle_mm: Distance from the ventricles.
    """

    tissues: dict[str, Volume]
    infiltration: Volume
    depth: Volume
    ventricle_mm: Volume


def draw_geometry(rng: np.random.Generator, *, slices: int, age: float) -> Geometry:
    """Draw the field of view, the layers around the brain, and ventricles that widen with `age` in years.

    Example:
        >>> draw_geometry(np.random.default_rng(0), slices=24, age=50).slices
        24
    """
    return Geometry(
        slices=slices,
        bottom_mm=rng.uniform(-10, 14),
        top_mm=rng.uniform(158, 166),
        pixel_mm=rng.uniform(0.9, 1.0),
        skull_mm=rng.uniform(4.5, 7.5),
        scalp_mm=rng.uniform(4.5, 8.0),
        fluid_mm=max(0.0, rng.normal((age - 30) / 25, 0.8)),
    )


def build_anatomy(rng: np.random.Generator, template: Template, geometry: Geometry, lesion: Lesion) -> Anatomy:
    """Deform the template for one patient and add the lesion.

    The brain is pushed away from the lesion (mass effect); skull and scalp are not, as in life.
    """
    points = _deformed_points(rng, geometry)
    head_mm = _sample_coarse(template.head_distance, points)
    brain_mm = _sample_coarse(template.brain_distance, points)
    pushed = _push_away(points, lesion)
    ventricle_mm = _sample_coarse(template.ventricle_distance, pushed)
    skull_inside = 1.5 + 0.5 * smooth_field(rng, head_mm.shape, (5, 7, 7))
    cranium = _below(brain_mm, skull_inside) * _below(head_mm, skull_inside)
    cranium *= points[2] > 1  # the template ends here, at the foramen magnum
    tissues = _brain(template, pushed, cranium, ventricle_mm - geometry.fluid_mm)
    tissues |= _surroundings(rng, geometry, points, head_mm - skull_inside, cranium)
    tissues["vessel"] = _vessels(rng, points, head_mm, tissues["fluid"])
    depth = _sample_coarse(lesion.arrival, pushed, stride=2)
    solid = tissues["white"] + tissues["grey"]
    infiltration = np.clip(0.5 + (1 - depth) / lesion.softness, 0, 1) * np.minimum(1, 2 * solid)
    return Anatomy(tissues, infiltration, depth, ventricle_mm)


def _deformed_points(rng: np.random.Generator, geometry: Geometry) -> Volume:
    """Return the template position of every pixel in mm, `(3, slices, 256, 256)`: an affine map and a smooth one."""
    shape = (geometry.slices, SIDE, SIDE)
    # Radiological view: the patient's right is on the left of the image, the front on top.
    x = -(np.arange(SIDE) - (SIDE - 1) / 2) * geometry.pixel_mm
    z = np.linspace(geometry.bottom_mm, geometry.top_mm, geometry.slices) - CENTRE_MM[2]
    offset = np.stack(np.broadcast_arrays(x, x[:, None], z[:, None, None])).astype(np.float32)
    turn = Rotation.from_euler("xyz", rng.normal(0, (3.5, 2.0, 3.5)), degrees=True).as_matrix()
    scale = np.diag(rng.normal(1, (0.03, 0.03, 0.015)))
    affine = (scale @ turn).astype(np.float32)
    shift = CENTRE_MM + rng.normal(0, (2, 3, 0)).astype(np.float32)
    points = np.tensordot(affine, offset, 1) + shift[:, None, None, None]
    for axis in range(3):
        points[axis] += 2.2 * smooth_field(rng, shape, (7, 8, 8))
    return points


def _push_away(points: Volume, lesion: Lesion) -> Volume:
    """Magnify the brain around the lesion's centre, less and less with the distance."""
    away = points - lesion.centre_mm[:, None, None, None]
    squared = np.einsum("czyx,czyx->zyx", away, away) / (2 * lesion.radius_mm**2)
    return points - away * (lesion.mass_effect * np.exp(-squared))


def _sample_coarse(volume: Volume, points: Volume, *, stride: int = 4) -> Volume:
    """Sample a smooth coarse map at every `stride`-th row and column, and the pixels between linearly: quicker."""
    rows = np.arange(0, SIDE, stride)
    few = points[:, :, ::stride, ::stride] / COARSE_MM
    values = ndimage.map_coordinates(volume, few, order=1, mode="nearest", output=np.float32)
    between = np.stack([np.interp(np.arange(SIDE), rows, one) for one in np.eye(len(rows))], 1).astype(np.float32)
    return (between @ values) @ between.T


def _below(distance: Volume, limit: float | Volume, *, ramp_mm: float = 1.6) -> Volume:
    """Return 1 where `distance < limit`, 0 beyond, with a ramp of partial volume between."""
    return np.clip(0.5 + (limit - distance) / ramp_mm, 0, 1)


def _brain(template: Template, points: Volume, cranium: Volume, ventricle_mm: Volume) -> dict[str, Volume]:
    white, grey = (
        ndimage.map_coordinates(tissue, points, order=1, output=np.float32) / 255
        for tissue in (template.white, template.grey)
    )
    # An average of 152 brains is blurred; steeper probabilities give back folds of one brain.
    white, grey = (np.clip((tissue - 0.5) * 1.6 + 0.5, 0, 1) for tissue in (white, grey))
    solid = cranium * (1 - _below(ventricle_mm, 0.0))
    white = white * solid
    grey = np.minimum(grey * solid, 1 - white)
    return {"white": white, "grey": grey, "fluid": np.clip(cranium - white - grey, 0, 1)}


def _surroundings(
    rng: np.random.Generator, geometry: Geometry, points: Volume, head_mm: Volume, cranium: Volume
) -> dict[str, Volume]:
    """Return fat, muscle, marrow and eyes: scalp and skull above, face and neck below."""
    skull = geometry.skull_mm * (1 + 0.10 * smooth_field(rng, head_mm.shape, (5, 6, 6)))
    scalp = geometry.scalp_mm * (1 + 0.15 * smooth_field(rng, head_mm.shape, (5, 6, 6)))
    inner, bone, skin = _below(head_mm, 0.0), _below(head_mm, skull), _below(head_mm, skull + scalp)
    base = np.clip(inner - cranium, 0, 1)
    patches = 0.6 * smooth_field(rng, head_mm.shape, (12, 30, 30)) + 0.4 * smooth_field(
        rng, head_mm.shape, (12, 60, 60)
    )
    patches = patches + patches[:, :, ::-1]  # a face is roughly symmetric
    fat, muscle = np.clip(patches - 1.0, 0, 0.8), np.clip(0.75 + 0.5 * patches, 0, 1)
    eye_mm = _distance_to_eyes(points)
    eye = _below(eye_mm, 12.0) * (1 - cranium)
    orbit = _below(eye_mm, 19.0) * (1 - cranium) * inner
    fat = (base * fat * (1 - orbit) + 0.8 * orbit) * (1 - eye)
    muscle = base * muscle * (1 - orbit) * (1 - eye)
    outside = (skin - bone) * (1 - eye) * np.clip(0.88 + 0.12 * patches, 0.5, 1)
    marrow = (bone - inner) * np.exp(-(((head_mm - skull / 2) / (skull / 4)) ** 2)) * (1 - eye)
    return {"fat": fat + 0.85 * outside, "muscle": muscle + 0.15 * outside, "marrow": marrow, "eye": eye}


def _distance_to_eyes(points: Volume) -> Volume:
    distances = [np.linalg.norm(points - eye[:, None, None, None], axis=0) for eye in EYES_MM]
    return np.minimum(*distances)


def _vessels(rng: np.random.Generator, points: Volume, head_mm: Volume, fluid: Volume) -> Volume:
    """Return the sagittal sinus and specks of vessels in the sulci: bright after contrast."""
    midline = np.exp(-(((points[0] - CENTRE_MM[0]) / 2.5) ** 2))
    sinus = midline * np.exp(-(((head_mm - 1) / 3) ** 2)) * (points[2] > 75)
    specks = np.clip(smooth_field(rng, head_mm.shape, (16, 90, 90)) - 1.2, 0, 1)
    return np.clip(sinus + specks * fluid, 0, 1).astype(np.float32)
