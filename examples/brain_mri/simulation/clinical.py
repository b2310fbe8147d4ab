"""Clinical table with the columns and codes of the published one, and simulated values."""

import numpy as np

from examples.brain_mri.simulation.anatomy import CENTRE_MM
from examples.brain_mri.simulation.lesion import Lesion

# Number of clusters or codes in each column, and the fraction of patients without a value.
_CLUSTERS = {
    "RNASeqCluster": (4, 0.16),
    "MethylationCluster": (5, 0.01),
    "miRNACluster": (4, 0.0),
    "CNCluster": (3, 0.02),
    "RPPACluster": (4, 0.11),
    "OncosignCluster": (3, 0.05),
    "COCCluster": (3, 0.0),
}
COLUMNS = (
    "Patient",
    *_CLUSTERS,
    "histological_type",
    "neoplasm_histologic_grade",
    "tumor_tissue_site",
    "laterality",
    "tumor_location",
    "gender",
    "age_at_initial_pathologic",
    "race",
    "ethnicity",
    "death01",
)
_FRONTAL, _OCCIPITAL, _PARIETAL, _TEMPORAL = 2, 4, 5, 6


def draw_age(rng: np.random.Generator) -> int:
    """Draw the age at diagnosis in years, 18 to 75.

    Example:
        >>> 18 <= draw_age(np.random.default_rng(0)) <= 75
        True
    """
    return int(np.clip(rng.normal(46, 14), 18, 75))


def draw_clinical(rng: np.random.Generator, identity: str, *, lesion: Lesion, age: int) -> dict[str, str | int | None]:
    """Draw one row of the table; side and lobe are those of the lesion.

    The published table holds codes without a key. Read in alphabetical order they fit the images: side 1 left,
    3 right; lobe 2 frontal, 4 occipital, 5 parietal, 6 temporal; gender 1 female, 2 male.

    Args:
        rng: Source of the random numbers.
        identity: `TCGA_SM_NNNN`.
        lesion: The patient's lesion.
        age: Age in years.

    Returns:
        A value for each of `COLUMNS`; None is missing.
    """
    row: dict[str, str | int | None] = {"Patient": identity}
    for column, (clusters, absent) in _CLUSTERS.items():
        cluster = int(rng.integers(1, clusters + 1))
        row[column] = None if rng.random() < absent else cluster
    row |= {
        "histological_type": int(rng.integers(1, 4)),
        "neoplasm_histologic_grade": 2 if lesion.enhances else int(rng.integers(1, 3)),
        "tumor_tissue_site": 1,
        "laterality": 3 if lesion.centre_mm[0] > CENTRE_MM[0] else 1,
        "tumor_location": lobe(lesion),
        "gender": int(rng.integers(1, 3)),
        "age_at_initial_pathologic": age,
        "race": int(rng.choice([1, 2, 3], p=[0.02, 0.08, 0.90])),
        "ethnicity": 1 if rng.random() < 0.07 else 2,
        "death01": int(rng.random() < 0.22),
    }
    for column, absent in (("race", 0.02), ("ethnicity", 0.08), ("death01", 0.01)):
        row[column] = None if rng.random() < absent else row[column]
    return row


def lobe(lesion: Lesion) -> int:
    """Return the code of the lobe of the lesion's seed, by planes through the template."""
    _, y, z = lesion.centre_mm
    if z < 66 and y > 84:
        return _TEMPORAL
    if y > 116:
        return _FRONTAL
    return _PARIETAL if z > 88 or y > 70 else _OCCIPITAL
