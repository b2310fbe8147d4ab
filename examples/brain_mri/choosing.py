"""What is chosen on validation patients: the calibration of the first stage, and the thresholds of both."""

from collections.abc import Sequence
from typing import cast

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression

from examples.brain_mri.batches import Patient, validation_batch
from resunet_kit.inference import Cascade, CascadeTuning
from resunet_kit.masks import PostProcess

# Tumours fade into the brain: a component that is sure somewhere keeps pixels of half that probability (hysteresis),
# and its necrotic core, which is dark, is filled. With few patients, no finer steps.
CANDIDATES = tuple(
    PostProcess(threshold=threshold, low_threshold=threshold / 2, max_hole=None) for threshold in (0.3, 0.4, 0.5, 0.6)
)
USUAL = CANDIDATES[1]
NOISE = 0.01  # smaller differences in the Dice score of a few patients are no reason to leave the usual one
SLOPE = 0.01  # at least: a classifier that is worse than chance on a few patients is not turned around
BATCH = 16
CAUTION = 0.05  # of the largest threshold of the first stage that loses no tumour slice: other patients are less clear


def calibration(classifier: keras.Model, patients: Sequence[Patient]) -> tuple[float, float]:
    """Return slope and shift from the classifier's logit to that of a probability that can be believed.

    Training drew more slices with tumour than there are; the shift undoes it.

    References:
        Platt 1999, Probabilistic outputs for support vector machines; Guo et al. 2017, arXiv 1706.04599.
    """
    images, labels = validation_batch(patients, labels=True)
    logits = np.asarray(classifier.predict(images, batch_size=BATCH, verbose=0), "float64")
    # Regularised, since slices that are told apart entirely would give an infinite slope.
    fitted = LogisticRegression(C=1.0).fit(logits, labels[:, 0])
    return max(float(fitted.coef_[0, 0]), SLOPE), float(fitted.intercept_[0])


def with_probability(classifier: keras.Model, slope: float, shift: float) -> keras.Model:
    """Return the classifier with a calibrated probability in place of its logit."""
    scaled = keras.layers.Rescaling(slope, shift, dtype="float32", name="calibration")(classifier.output)
    probability = keras.layers.Activation("sigmoid", dtype="float32", name="probability")(scaled)
    return keras.Model(classifier.input, probability, name=classifier.name)


def tune(cascade: Cascade, patients: Sequence[Patient]) -> dict[str, float]:
    """Set the thresholds of both stages by the mean Dice of the patients' volumes.

    Args:
        cascade: Both stages.
        patients: Of the validation part.

    Returns:
        Dice of the segmenter alone and of the cascade on these patients, and the part of the slices with tumour, and of
        those without, that the first stage tells right.
    """
    images, masks = validation_batch(patients)
    owners = np.repeat([patient.name for patient in patients], [len(patient.images) for patient in patients])

    def tuned(candidates: Sequence[PostProcess]) -> CascadeTuning:
        found = cascade.tune(images, masks[..., 0], groups=owners, sensitivity=1.0, postprocess=candidates).tuning
        return cast(CascadeTuning, found)

    cascade.postprocess = USUAL
    found = tuned(CANDIDATES)
    good = [one.postprocess for one in found.postprocesses if one.score >= found.score - NOISE]
    cascade.postprocess = min(good, key=lambda options: abs(options.threshold - USUAL.threshold))
    found = tuned([])
    cascade.threshold = CAUTION * found.threshold
    # The slices that pass are those of the next larger threshold in the report.
    at = min((row for row in found.thresholds if row.threshold >= cascade.threshold), key=lambda row: row.threshold)
    return {
        "segmenter_dice": found.segmenter_score,
        "cascade_dice": at.score,
        "sensitivity": at.sensitivity,
        "specificity": at.specificity,
    }
