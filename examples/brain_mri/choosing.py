"""What is chosen on validation patients: the calibration of the first stage, and the thresholds of both."""

from collections.abc import Sequence

import keras
import numpy as np
from scipy.optimize import minimize
from scipy.special import logit

from examples.brain_mri.batches import TUMOUR, Patient, validation_batch
from examples.brain_mri.marking import mark
from examples.brain_mri.pipeline import passes_gate
from examples.brain_mri.scoring import count_overlap, overlap_scores
from resunet_kit.inference import Cascade
from resunet_kit.masks import PostProcess

# Tumours fade into the brain: a component with pixels of high probability keeps those of low probability (hysteresis),
# and its necrotic core, which is dark, is filled. Few patients do not justify finer steps.
CANDIDATES = tuple(
    PostProcess(threshold=threshold, low_threshold=0.1, max_hole=None, connectivity=1) for threshold in (0.3, 0.5, 0.7)
)
USUAL = CANDIDATES[1]
NOISE = 0.01  # smaller differences in the Dice score of a few patients are no reason to change the usual thresholds
COUNTED = 4  # effective observations per patient in the calibration: neighbouring slices are nearly copies
BATCH = 16
# Probabilities of tumour below which the gate holds a slice back, the highest first; 0 opens it. A few validation
# patients have too few ambiguous slices to search for a threshold, so the first one is what worked on unseen patients
# in a cross-validation.
GATES = (0.02, 0.005, 0.0)


def calibration(classifier: keras.Model, patients: Sequence[Patient]) -> tuple[float, float]:
    """Return slope and shift that turn the classifier's logit into that of a calibrated probability.

    Few patients tell little about others, however many slices they have. So slope and shift have a prior: that the
    classifier is right, apart from the oversampling of slices with tumour in training.

    References:
        Platt 1999, Probabilistic outputs for support vector machines; Guo et al. 2017, arXiv 1706.04599.
    """
    images, labels = validation_batch(patients, labels=True)
    logits = np.asarray(classifier.predict(images, batch_size=BATCH, verbose=0), "float64")[:, 0]
    signs = np.where(labels[:, 0] == 1, 1, -1)
    weights = np.concatenate([np.full(len(one.images), COUNTED / len(one.images)) for one in patients])
    expected = logit(np.clip(labels.mean(), 0.01, 0.99)) - logit(TUMOUR)

    def cost(found: np.ndarray) -> float:
        log_slope, shift = found
        likelihood = weights @ np.logaddexp(0, -signs * (np.exp(log_slope) * logits + shift))
        return float(likelihood + (log_slope**2 + (shift - expected) ** 2) / 2)  # a standard deviation of 1 for both

    log_slope, shift = minimize(cost, (0.0, expected)).x
    return float(np.exp(log_slope)), float(shift)


def with_probability(classifier: keras.Model, slope: float, shift: float) -> keras.Model:
    """Return the classifier with a calibrated probability in place of its logit."""
    scaled = keras.layers.Rescaling(slope, shift, dtype="float32", name="calibration")(classifier.output)
    probability = keras.layers.Activation("sigmoid", dtype="float32", name="probability")(scaled)
    return keras.Model(classifier.input, probability, name=classifier.name)


def tune(cascade: Cascade, patients: Sequence[Patient]) -> dict[str, float]:
    """Set the thresholds of both stages by the mean Dice of the patients' volumes, marked as `predict` marks them.

    The gate's threshold is the first of `GATES` with which the cascade scores no lower than the segmenter alone.

    Args:
        cascade: Both stages.
        patients: Validation patients.

    Returns:
        Dice of the segmenter alone and of the cascade on these patients, and the sensitivity and specificity of the
        gate by slice.
    """
    images = [patient.images.astype("float32") / 255 for patient in patients]
    tumour = [cascade.classify(one, batch_size=BATCH) for one in images]
    pixels = [cascade.segment(one, batch_size=BATCH)[..., -1] for one in images]

    def dice(threshold: float) -> float:
        cascade.threshold = threshold
        passed = [of * passes_gate(found, cascade)[:, None, None] for of, found in zip(pixels, tumour, strict=True)]
        marked = [mark(of, cascade.postprocess) for of in passed]
        counts = [count_overlap(patient.masks, mask) for patient, mask in zip(patients, marked, strict=True)]
        return float(np.mean([overlap_scores(**of)["dice"] for of in counts]))

    scores = {}
    for options in CANDIDATES:
        cascade.postprocess = options
        scores[options] = dice(0.0)
    best = max(scores, key=scores.__getitem__)
    cascade.postprocess = best if scores[best] > scores[USUAL] + NOISE else USUAL
    segmenter_dice = scores[cascade.postprocess]
    found, truth = np.concatenate(tumour), np.concatenate([patient.shows_tumour for patient in patients])
    cascade_dice = next(score for score in map(dice, GATES) if score >= segmenter_dice)
    passed = passes_gate(found, cascade)
    return {
        "segmenter_dice": segmenter_dice,
        "cascade_dice": cascade_dice,
        "sensitivity": float(passed[truth].mean()),
        "specificity": float((~passed)[~truth].mean()),
    }
