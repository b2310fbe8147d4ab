"""One simulated patient, which depends on the seed and the patient's index alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # scikit-learn installs it

from examples.brain_mri.simulation.anatomy import Anatomy, build_anatomy, draw_geometry
from examples.brain_mri.simulation.clinical import draw_age, draw_clinical
from examples.brain_mri.simulation.lesion import draw_lesion
from examples.brain_mri.simulation.lookalikes import draw_hyperintensity
from examples.brain_mri.simulation.scanner import draw_missing, scan
from examples.brain_mri.simulation.template import load_template

MAX_PATIENTS = 9999  # the patient's part of a name has four characters
MIN_SLICES, MAX_SLICES = 20, 88  # of the published cohort


@dataclass(frozen=True)
class Patient:
    """One patient's slices, from the neck to the vertex, with their truth.

    Attributes:
        name: `TCGA_SM_NNNN_YYYYMMDD`; the site code and a year after 2100 mark it as simulated.
        images: `(slices, 256, 256, 3)`: pre-contrast, FLAIR, post-contrast.
        masks: `(slices, 256, 256)`, 0 or 1; tumour slices are one run.
        clinical: A row of `data.csv`; None is a missing value.
        missing: Sequences that were not acquired, and are FLAIR in `images`.
    """

    name: str
    images: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8]
    clinical: dict[str, str | int | None]
    missing: tuple[str, ...]


def simulate_patient(index: int, *, seed: int = 0) -> Patient:
    """Simulate the patient at `index` of the cohort of `seed`.

    Args:
        index: From 0 to 9998.
        seed: Seed of the cohort, at least 0.

    Returns:
        The patient, the same whatever the size of the cohort.

    Raises:
        ValueError: If `index` or `seed` is out of range.

    Example:
        >>> patient = simulate_patient(3)
        >>> patient.name[:12], patient.images.shape[1:], sorted(set(patient.masks.ravel().tolist()))
        ('TCGA_SM_0004', (256, 256, 3), [0, 1])
    """
    _check(index, seed)
    # One BLAS thread: patients run side by side, and the bytes do not depend on how sums are split.
    with threadpool_limits(1, user_api="blas"):
        return _simulate(index, seed)


def _simulate(index: int, seed: int) -> Patient:
    # One stream for each concern: a change in one leaves the others as they were.
    clinic, tumour, body, harmless, machine = np.random.default_rng([seed, index]).spawn(5)
    template = load_template()
    age = draw_age(clinic)
    lesion = draw_lesion(tumour, template)
    anatomy = build_anatomy(body, template, draw_geometry(body, slices=draw_slices(index, seed), age=age), lesion)
    masks, anatomy = _one_run(anatomy)
    hyperintensity = draw_hyperintensity(harmless, anatomy, age=age)
    missing = draw_missing(machine)
    identity = f"TCGA_SM_{index + 1:04d}"
    return Patient(
        name=f"{identity}_{_draw_date(clinic)}",
        images=scan(machine, anatomy, lesion, hyperintensity=hyperintensity, missing=missing),
        masks=masks,
        clinical=draw_clinical(clinic, identity, lesion=lesion, age=age),
        missing=missing,
    )


def draw_slices(index: int, seed: int) -> int:
    """Draw the number of slices, 20 to 88: many thick-sliced scans and a few thin-sliced ones.

    Steps of the golden ratio spread the patients evenly over the distribution, so that every cohort has about the
    35.7 slices per patient of the published one.

    Example:
        >>> [draw_slices(index, 0) for index in range(4)]
        [35, 20, 64, 26]
    """
    start = np.random.default_rng(seed).random()
    rank = (start + index * (np.sqrt(5) - 1) / 2) % 1
    return MIN_SLICES + int((MAX_SLICES - MIN_SLICES + 1) * rank**3.3 * 0.999)


def _check(index: int, seed: int) -> None:
    if not 0 <= index < MAX_PATIENTS:
        raise ValueError(f"Expected index from 0 to {MAX_PATIENTS - 1}. Received index={index}. Pass one in between.")
    if seed < 0:
        raise ValueError(f"Expected seed of at least 0. Received seed={seed}. Pass any such integer.")


def _draw_date(rng: np.random.Generator) -> str:
    return f"{rng.integers(2101, 2110)}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"


def _one_run(anatomy: Anatomy) -> tuple[npt.NDArray[np.uint8], Anatomy]:
    """Keep the run of tumour slices with the most tumour, and remove what a fold cut off from it."""
    masks = anatomy.infiltration > 0.5
    areas = masks.sum(axis=(1, 2))
    present = np.flatnonzero(areas >= 25)
    runs = np.split(present, 1 + np.flatnonzero(np.diff(present) > 1))
    best = max(runs, key=lambda run: int(areas[run].sum()))
    keep = np.isin(np.arange(len(masks)), best)[:, None, None]
    cleared = np.where(keep, anatomy.infiltration, np.minimum(anatomy.infiltration, 0.0))
    kept = Anatomy(anatomy.tissues, cleared.astype(np.float32), anatomy.depth, anatomy.ventricle_mm)
    return (masks & keep).astype(np.uint8), kept
