"""What is chosen on validation patients: the calibration of the first stage, and the thresholds of both."""

from collections.abc import Sequence
from typing import cast

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression

from examples.brain_mri.batches import Patient, validation_batch
from examples.brain_mri.marking import mark
from examples.brain_mri.scoring import count_overlap, overlap_scores
from resunet_kit.inference import Cascade, CascadeTuning
from resunet_kit.masks import PostProcess

# Tumours fade into the brain: a component that is sure somewhere keeps pixels of low probability (hysteresis), and its
# necrotic core, which is dark, is filled. With few patients, no finer steps.
CANDIDATES = tuple(
    PostProcess(threshold=threshold, low_threshold=0.1, max_hole=None, connectivity=1) for threshold in (0.3, 0.5, 0.7)
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
    cascade.threshold = CAUTION * tuned([]).threshold
    return _scores(cascade, patients)


def _scores(cascade: Cascade, patients: Sequence[Patient]) -> dict[str, float]:
    """Return how both stages do on patients, whose slices are marked together; open the gate where it costs Dice."""
    images = [patient.images.astype("float32") / 255 for patient in patients]
    tumour = [cascade.classify(one, batch_size=BATCH) for one in images]
    pixels = [cascade.segment(one, batch_size=BATCH)[..., -1] for one in images]

    def dice(threshold: float) -> float:
        """Return the mean Dice of the patients' volumes, where slices below the threshold are held back."""
        shown = [(of >= np.float32(threshold))[:, None, None] for of in tumour]
        marked = [mark(of * pass_, cascade.postprocess) for of, pass_ in zip(pixels, shown, strict=True)]
        counts = [count_overlap(patient.masks, mask) for patient, mask in zip(patients, marked, strict=True)]
        return float(np.mean([overlap_scores(**of)["dice"] for of in counts]))

    segmenter_dice, cascade_dice = dice(0.0), dice(cascade.threshold)
    if cascade_dice < segmenter_dice:
        cascade.threshold, cascade_dice = 0.0, segmenter_dice
    passed = np.concatenate(tumour) >= np.float32(cascade.threshold)
    truth = np.concatenate([patient.shows_tumour for patient in patients])
    return {
        "segmenter_dice": segmenter_dice,
        "cascade_dice": cascade_dice,
        "sensitivity": float(passed[truth].mean()),
        "specificity": float((~passed)[~truth].mean()),
    }
