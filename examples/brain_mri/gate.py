"""What the first stage, the gate before the segmenter, saves and costs on the test patients."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from examples.brain_mri.cohort.slices import Slice, read_volume
from examples.brain_mri.pipeline import BATCH, Pipeline, passes_gate
from examples.brain_mri.preparation import prepare
from examples.brain_mri.scoring import STAGES, mean

TIMED = 3  # patients; each is predicted with the gate and without
REPEATS = 2


def gate_summary(slices: pd.DataFrame) -> dict[str, Any]:
    """Return what the gate holds back: slices, false alarms, false pixels, and tumour.

    A false alarm is a slice without tumour in which a stage marks at least one pixel.

    Args:
        slices: The table of all test slices.
    """
    held, tumour = slices["passes_gate"] == 0, slices["has_tumour"] == 1
    healthy, patients = slices[~tumour], slices["patient"]
    alarms = {stage: healthy[f"{stage}_fp"] > 0 for stage in STAGES}
    return {
        "slices": len(slices),
        "held_back": int(held.sum()),
        "held_back_fraction": mean(held, patients),
        "slices_with_tumour": int(tumour.sum()),
        "held_back_with_tumour": int((held & tumour).sum()),
        "true_pixels_held_back": int((slices["segmenter_tp"] - slices["cascade_tp"]).sum()),
        "slices_without_tumour": len(healthy),
        "false_alarms": {stage: int(found.sum()) for stage, found in alarms.items()},
        "false_alarm_rate": {stage: mean(found, healthy["patient"]) for stage, found in alarms.items()},
        "false_positive_px": {stage: int(slices[f"{stage}_fp"].sum()) for stage in STAGES},
    }


def paired_difference(patients: pd.DataFrame, scores: Iterable[str]) -> dict[str, Any]:
    """Return cascade minus segmenter for each score of the patients' volumes: mean, and interval over patients."""
    found = {}
    for name in scores:
        difference = patients[f"cascade_{name}"] - patients[f"segmenter_{name}"]
        found[name] = {
            **mean(difference, patients["patient"]),
            "patients_below": int((difference < 0).sum()),
            "patients_above": int((difference > 0).sum()),
        }
    return found


def seconds(pipeline: Pipeline, patients: Sequence[Sequence[Slice]]) -> dict[str, Any]:
    """Measure the networks' time with the gate and without, on this machine, in seconds per patient.

    With the gate the classifier sees all slices and the segmenter those that it lets through; without, the segmenter
    sees all. Preparation, the same for both, is left out.

    Args:
        pipeline: The trained run.
        patients: The slices of each patient; the first few are timed.
    """
    timed = patients[:TIMED]
    spent = np.mean([_seconds_of_one(pipeline, read_volume(slices)[0]) for slices in timed], axis=0)
    classifying, passed, everything = map(float, spent)
    return {
        "patients_timed": len(timed),
        "classifier": classifying,
        "with_gate": classifying + passed,
        "without_gate": everything,
    }


def _seconds_of_one(pipeline: Pipeline, images: np.ndarray) -> tuple[float, float, float]:
    cascade = pipeline.cascade
    prepared = prepare(images, cascade.segmenter.input_shape[1]).images
    passed = prepared[passes_gate(cascade.classify(prepared, batch_size=BATCH), cascade)]
    return (
        _quickest(cascade.classify, prepared),
        _quickest(cascade.segment, passed),
        _quickest(cascade.segment, prepared),
    )


def _quickest(predict: Callable[..., Any], images: np.ndarray) -> float:
    """Return the shortest time of several calls: the first may compile, and other programs may slow a call down."""
    if not len(images):
        return 0.0
    spent = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        predict(images, batch_size=BATCH)
        spent.append(time.perf_counter() - start)
    return min(spent)
