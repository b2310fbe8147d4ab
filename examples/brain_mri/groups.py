"""Scores of groups of test patients: by institution, and by the size of the tumour."""

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from examples.brain_mri.cohort.slices import Slice
from examples.brain_mri.scoring import STAGES, mean
from resunet_kit.data import read_mask

# The second part of a name in The Cancer Genome Atlas is the tissue source site.
INSTITUTIONS = {
    "CS": "Thomas Jefferson University",
    "DU": "Henry Ford Hospital",
    "EZ": "University of North Carolina",
    "FG": "Case Western",
    "HT": "Case Western, St. Joseph's",
    "SM": "simulated",
}
SIZES = ("no tumour", "small", "medium", "large")


def institution(patient: str) -> str:
    """Return the institution's code in a patient's name.

    Example:
        >>> institution("TCGA_CS_4941_19960909")
        'CS'
    """
    return patient.split("_")[1]


def named(code: str) -> str:
    """Return a code with the institution's name, where it is known."""
    return f"{code}, {INSTITUTIONS[code]}" if code in INSTITUTIONS else code


def cut_points(slices: Sequence[Slice]) -> tuple[int, int]:
    """Return the tertiles of these patients' tumour volumes, in pixels: of training patients, never of test patients.

    Patients without tumour do not count.
    """
    shown = [item for item in slices if item.has_tumour]
    with ThreadPoolExecutor() as pool:
        sizes = pool.map(lambda item: int(np.count_nonzero(read_mask(item.mask, num_classes=1))), shown)
        volumes: Counter[str] = Counter()
        for item, size in zip(shown, sizes, strict=True):
            volumes[item.patient] += size
    low, high = np.quantile(list(volumes.values()), [1 / 3, 2 / 3])
    return round(low), round(high)


def lesion_size(pixels: int, cuts: tuple[int, int]) -> str:
    """Return the size group of a tumour with this many pixels; a cut point belongs to the larger group.

    Example:
        >>> [lesion_size(pixels, (10, 20)) for pixels in (0, 9, 10, 20)]
        ['no tumour', 'small', 'medium', 'large']
    """
    return SIZES[0] if pixels == 0 else SIZES[1 + sum(pixels >= cut for cut in cuts)]


def by_institution(slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    """Return the scores of each institution's patients, by its code."""
    return _by(patients["institution"], sorted(set(patients["institution"])), slices, patients)


def by_lesion_size(slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    """Return the scores of the patients of each tumour size that occurs."""
    return _by(patients["lesion_size"], SIZES, slices, patients)


def _by(groups: pd.Series, order: Iterable[str], slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    found = {}
    for name in order:
        own = patients[groups == name]
        if len(own):
            found[name] = _scores(slices[slices["patient"].isin(own["patient"])], own)
    return found


def _scores(slices: pd.DataFrame, patients: pd.DataFrame) -> dict[str, Any]:
    right = slices["has_tumour"] == slices["predicted_tumour"]
    tumour = slices["has_tumour"] == 1
    return {
        "patients": len(patients),
        "slices": len(slices),
        **{f"{stage}_dice": mean(patients[f"{stage}_dice"], patients["patient"]) for stage in STAGES},
        "sensitivity": mean(right[tumour], slices["patient"][tumour]),
        "specificity": mean(right[~tumour], slices["patient"][~tumour]),
    }
