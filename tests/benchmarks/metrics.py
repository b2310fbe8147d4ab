"""Surface scores of masks in the size of a BraTS volume against MONAI and DeepMind's surface-distance.

Neither peer is a dependency: install `monai` (and torch) or `surface-distance-based-measures` to compare. MONAI
computes the 95 % Hausdorff distance and the surface Dice in two calls, as users make them. DeepMind's surface lies
between pixels, so its values differ, and only the time is compared.
"""

import importlib.util
import warnings
from collections.abc import Callable

import numpy as np

from resunet_kit.metrics import surface_scores

SHAPE, TOLERANCE = (155, 240, 240), 2.0
Pair = tuple[str, Callable[[], object], str, Callable[[], object]]


def ball(centre: tuple[int, int, int], radius: int) -> np.ndarray:
    """Return a solid ball in the volume."""
    axes = np.ogrid[tuple(slice(side) for side in SHAPE)]
    return sum((axis - middle) ** 2 for axis, middle in zip(axes, centre, strict=True)) <= radius**2


def rough(mask: np.ndarray, seed: int) -> np.ndarray:
    """Return the mask with a wavy surface like that of an annotated or predicted object."""
    waves = np.random.default_rng(seed).uniform(0, 2 * np.pi, 3)
    shifts = [np.rint(2 * np.sin(np.arange(SHAPE[0]) / 6 + wave)).astype(int) for wave in waves[:2]]
    return np.stack([np.roll(plane, (a, b), (0, 1)) for plane, a, b in zip(mask, *shifts, strict=True)])


def volumes() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return truth and prediction: one small lesion, scattered ones, a tumour, an organ, and both misplaced."""
    centres = np.random.default_rng(0).integers(20, 130, (12, 3))
    scattered = np.logical_or.reduce([ball(tuple(centre), 4) for centre in centres])
    return {
        "a lesion": (ball((70, 120, 120), 6), ball((71, 121, 120), 6)),
        "12 scattered lesions": (scattered, np.roll(scattered, (1, 1), (1, 2))),
        "a tumour": (rough(ball((70, 120, 120), 25), 1), rough(ball((72, 121, 120), 26), 2)),
        "an organ": (rough(ball((77, 120, 120), 65), 1), rough(ball((78, 123, 120), 68), 2)),
        "a tumour 40 pixels off": (ball((70, 120, 100), 25), ball((70, 120, 140), 25)),
        "an organ 57 pixels off": (ball((77, 100, 100), 60), ball((77, 140, 140), 60)),
    }


def monai_scores(truth: np.ndarray, prediction: np.ndarray) -> Callable[[], object]:
    """Return MONAI's two calls."""
    import torch
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice

    y, y_pred = (torch.from_numpy(mask)[None, None] for mask in (truth, prediction))

    def both() -> tuple[object, object]:
        return (
            compute_hausdorff_distance(y_pred, y, include_background=True, percentile=95),
            compute_surface_dice(y_pred, y, [TOLERANCE], include_background=True),
        )

    return both


def deepmind_scores(truth: np.ndarray, prediction: np.ndarray) -> Callable[[], object]:
    """Return DeepMind's pass over the surfaces, and two scores from it."""
    import surface_distance

    def both() -> tuple[object, object]:
        between = surface_distance.compute_surface_distances(truth, prediction, (1, 1, 1))
        return (
            surface_distance.compute_robust_hausdorff(between, 95),
            surface_distance.compute_surface_dice_at_tolerance(between, TOLERANCE),
        )

    return both


PEERS = {"monai": ("MONAI", monai_scores), "surface_distance": ("DeepMind", deepmind_scores)}


def pairs() -> list[Pair]:
    """Return each pair of volumes with each installed peer; print which are missing."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    found = []
    for module, (name, scores) in PEERS.items():
        if importlib.util.find_spec(module) is None:
            print(f"metrics: not compared with {name}, because the module {module} is not installed")
            continue
        for label, (truth, prediction) in volumes().items():
            ours = lambda t=truth, p=prediction: surface_scores(t, p, tolerance=TOLERANCE, percentile=95)  # noqa: E731
            found.append((label, ours, name, scores(truth, prediction)))
    return found
