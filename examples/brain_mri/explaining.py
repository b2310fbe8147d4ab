"""Why the gate decides as it does: the evidence in the slices that it is most wrong about."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from examples.brain_mri.cohort.slices import read_volume
from examples.brain_mri.pipeline import Pipeline
from examples.brain_mri.preparation import prepare
from examples.brain_mri.volumes import Marked
from resunet_kit.inference import grad_cam

EACH = 2  # tumour slices with the lowest probability, and healthy slices with the highest


@dataclass(frozen=True)
class Explained:
    """A slice as the classifier sees it, and where in it the evidence for a tumour is.

    Attributes:
        patient: Name of the patient.
        number: Number of the slice.
        has_tumour: Whether an expert marked any tumour.
        probability: Probability of tumour, by the classifier.
        image: `(size, size, 3)` in [0, 1], cropped and scaled.
        mask: `(size, size)` uint8, the expert's.
        evidence: `(size, size)` in [0, 1], by Grad-CAM.
    """

    patient: str
    number: int
    has_tumour: bool
    probability: float
    image: np.ndarray
    mask: np.ndarray
    evidence: np.ndarray


def explain(pipeline: Pipeline, marked: Sequence[Marked], slices: pd.DataFrame) -> list[Explained]:
    """Explain the tumour slices with the lowest probability, and the healthy ones with the highest."""
    tumour = slices["has_tumour"] == 1
    chosen = pd.concat([slices[tumour].nsmallest(EACH, "probability"), slices[~tumour].nlargest(EACH, "probability")])
    of = {kept.patient: kept for kept in marked}
    return [_explained(pipeline, of[row.patient], int(row.slice)) for row in chosen.itertuples()]


def _explained(pipeline: Pipeline, kept: Marked, number: int) -> Explained:
    classifier = pipeline.cascade.classifier
    images, truth = read_volume(kept.slices)
    prepared = prepare(images, classifier.input_shape[1])
    i = [item.number for item in kept.slices].index(number)
    return Explained(
        kept.patient,
        number,
        bool(truth[i].any()),
        float(kept.probability[i]),
        prepared.images[i],
        prepared.masks(truth)[i],
        grad_cam(classifier, prepared.images[i : i + 1], target=1)[0],
    )
