"""Growth of a glioma-like lesion: fast along white matter, slow in grey matter, never into fluid."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from skimage.graph import MCP_Geometric

from examples.brain_mri.simulation.fields import Volume, smooth_field
from examples.brain_mri.simulation.template import COARSE_MM, Template

RADIUS_MM = 64  # growth is followed this far from the seed along each axis
VERTICAL = 1.25  # growth upwards takes longer, or lesions as wide as the published ones span too many slices
BEYOND = 2.0  # arrival time where the lesion never comes


@dataclass(frozen=True)
class Lesion:
    """One lesion in template space.

    Attributes:
        centre_mm: Its seed, `(3,)`.
        radius_mm: Radius of the ball of the same volume.
        arrival: Growth time over the coarse grid, 0 at the seed, 1 at the border, at most 2.
        softness: Width of the infiltrating border, in growth time.
        mass_effect: How much the centre is magnified, as a fraction.
        core: Growth time at which the core ends; 0 for a lesion without one.
        enhances: Whether the core has a ring that takes up contrast.
    """

    centre_mm: Volume
    radius_mm: float
    arrival: Volume
    softness: float
    mass_effect: float
    core: float
    enhances: bool


def draw_lesion(rng: np.random.Generator, template: Template) -> Lesion:
    """Draw a seed and traits, and grow the lesion.

    About two in five have a core, and most of those enhance: lower-grade gliomas often do neither.

    Example:
        >>> from examples.brain_mri.simulation.template import load_template
        >>> lesion = draw_lesion(np.random.default_rng(0), load_template())
        >>> 8 < lesion.radius_mm < 45
        True
    """
    seed = draw_seed(rng, template)
    radius_mm = float(np.clip(rng.lognormal(np.log(26), 0.27), 13, 42))
    has_core = rng.random() < 0.4
    return Lesion(
        centre_mm=np.array(seed, np.float32) * COARSE_MM,
        radius_mm=radius_mm,
        arrival=grow(rng, template, seed, volume_mm3=4 / 3 * np.pi * radius_mm**3),
        softness=rng.uniform(0.12, 0.32),
        mass_effect=rng.uniform(0.0, 0.22),
        core=rng.uniform(0.35, 0.6) if has_core else 0.0,
        enhances=bool(has_core and rng.random() < 0.75),
    )


def draw_seed(rng: np.random.Generator, template: Template) -> tuple[int, int, int]:
    """Draw a coarse voxel deep in the white matter of the cerebrum.

    Example:
        >>> from examples.brain_mri.simulation.template import load_template
        >>> len(draw_seed(np.random.default_rng(0), load_template()))
        3
    """
    coarse = (slice(None, None, COARSE_MM),) * 3
    x, y, z = np.meshgrid(*(np.arange(n) * COARSE_MM for n in template.brain_distance.shape), indexing="ij")
    temporal = (np.abs(x - 98) > 26) & (y > 100) & (z > 46)
    deep = (template.white[coarse] > 200) & (template.brain_distance < -8) & (template.ventricle_distance > 5)
    voxels = np.argwhere(deep & (temporal | (z > 68)) & (z < 122))
    i, j, k = (int(n) for n in voxels[rng.integers(len(voxels))])
    return i, j, k


def grow(rng: np.random.Generator, template: Template, seed: tuple[int, int, int], *, volume_mm3: float) -> Volume:
    """Return the growth time from `seed` to every coarse voxel, scaled so that time 1 encloses `volume_mm3`.

    The time of a path is its length over the local speed; the fastest path counts. White matter is 1 (the unit of
    speed), grey matter slower, fluid closed; a rough random factor makes the border irregular.

    Args:
        rng: Source of the roughness.
        template: The anatomy.
        seed: Coarse voxel where growth starts.
        volume_mm3: Volume to fill, or as much of it as the lesion can get to.

    Returns:
        Array of the coarse grid's shape, from 0 to 2 (2: never reached, or long after).

    References:
        Clatz et al. 2005, "Realistic simulation of the 3-D growth of brain tumors in MR images coupling diffusion
        with biomechanical deformation": faster along white matter than in grey.
    """
    radius = RADIUS_MM // COARSE_MM
    window = tuple(slice(max(0, c - radius), c + radius + 1) for c in seed)
    start = tuple(c - w.start for c, w in zip(seed, window, strict=True))
    cost = _cost(rng, template, window)
    time, _ = MCP_Geometric(cost, sampling=(1, 1, VERTICAL)).find_costs([start])
    reached = np.sort(time[np.isfinite(time)])
    border = reached[min(int(volume_mm3 / COARSE_MM**3), len(reached) - 1)]
    arrival = np.full(template.brain_distance.shape, BEYOND, np.float32)
    arrival[window] = np.minimum(time / border, BEYOND)
    return arrival


def _cost(rng: np.random.Generator, template: Template, window: tuple[slice, ...]) -> npt.NDArray[np.float64]:
    """Return the time to cross each voxel of the window; negative means closed."""
    white, grey = (tissue[::2, ::2, ::2][window] / 255.0 for tissue in (template.white, template.grey))
    x, y, z = white.shape
    rough = 0.4 * smooth_field(rng, (x, y, z), (12, 12, 12)) + 0.25 * smooth_field(rng, (x, y, z), (26, 26, 26))
    cost = np.exp(rough) / (0.05 + white + 0.45 * grey)
    return np.where(white + grey > 0.5, cost, -1.0)
