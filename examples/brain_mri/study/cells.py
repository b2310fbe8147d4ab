"""One training run of the study: which layers are trained when, and its scores on the held-out patients."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

from examples.brain_mri.batches import Patient
from examples.brain_mri.scoring import count_overlap, overlap_scores
from examples.brain_mri.study.grid import Cell
from examples.brain_mri.study.starts import Starts
from examples.brain_mri.study.trainer import Networks, Policy, Weights, stage_of

FROZEN_PART = 0.4  # fraction of a staged run with a frozen encoder
BATCH = 16
THRESHOLD = 0.0  # on logits, a probability of 0.5, for all runs: nothing is chosen on held-out patients


def phases(mode: str, moments: int) -> list[tuple[Policy, range]]:
    """Return which layers are trainable in which epochs, by the policies of `set_trainable`."""
    if mode == "staged":
        first = max(1, round(FROZEN_PART * moments))
        return [("head", range(first)), ("all", range(first, moments))]
    policies: dict[str, Policy] = {"all": "all", "frozen": "head", "all_but_norm": "all_but_norm"}
    return [(policies[mode], range(moments))]


def train(
    cell: Cell,
    patients: Sequence[Patient],
    held_out: Sequence[Patient],
    networks: Networks,
    starts: Starts,
    on_step: Callable[[], None],
) -> dict[str, Any]:
    """Train one cell and return its patients, and its scores at each moment, including before the first step."""
    plan = networks.plan
    options = plan.options(imagenet="imagenet" in cell.start, seed=cell.seed, epochs=plan.moments)
    batches = stage_of(cell.stage, options, patients).batches
    weights = starts.weights(cell.stage, cell.start, cell.seed)
    rows: list[dict[str, Any]] = []

    def on_moment(epochs: int, seconds: float, reached: Weights) -> None:
        before = rows[-1]["seconds"] if rows else 0.0
        model = networks.scorer(cell.stage)
        model.set_weights(reached)
        score, by_patient = SCORES[cell.stage](model, held_out)
        steps = epochs * options.steps_per_epoch
        rows.append({"steps": steps, "seconds": before + seconds, "score": score, "by_patient": by_patient})

    on_moment(0, 0.0, weights)
    for policy, epochs in phases(cell.mode, plan.moments):
        trainer = networks.trainer(cell.stage, policy, len(epochs))
        weights = trainer.fit(weights, batches, epochs, on_step=on_step, on_moment=on_moment)
    return {"training": [patient.name for patient in patients], "moments": rows}


def slice_auc(model: keras.Model, patients: Sequence[Patient]) -> tuple[float, dict[str, float]]:
    """Return the ROC AUC of all slices together: whether they show tumour."""
    logits = np.concatenate([_predicted(model, patient)[:, 0] for patient in patients])
    truth = np.concatenate([patient.shows_tumour for patient in patients])
    return float(roc_auc_score(truth, logits)), {}


def volume_dice(model: keras.Model, patients: Sequence[Patient]) -> tuple[float, dict[str, float]]:
    """Return the mean Dice of the patients' volumes, and that of each, at the size that the network sees."""
    scores = {}
    for patient in patients:
        marked = _predicted(model, patient)[..., -1] >= THRESHOLD
        counts = count_overlap(patient.masks, marked)
        scores[patient.name] = float(overlap_scores(**counts)["dice"])
    return float(np.mean(list(scores.values()))), scores


def _predicted(model: keras.Model, patient: Patient) -> np.ndarray:
    images = patient.images.astype("float32") / 255
    return np.asarray(model.predict(images, batch_size=BATCH, verbose=0), "float32")


SCORES = {"classifier": slice_auc, "segmenter": volume_dice}
