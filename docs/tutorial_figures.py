"""Keep the figures and the numbers of the brain MRI tutorial, from a run on the simulated cohort.

    python -m examples.brain_mri demo --out runs/demo
    python -m docs.tutorial_figures runs/demo

They go into `docs/figures/tutorial/brain_mri.json`, from which the pages are built. `tests/test_tutorial.py` compares
the page with them: its failures say what to write after a new run. Simulated patients alone are drawn.
"""

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from examples.brain_mri.cohort.index import Index
from examples.brain_mri.cohort.slices import read_volume
from examples.brain_mri.commands.shared import checked_index
from examples.brain_mri.explaining import explain
from examples.brain_mri.pipeline import Pipeline
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.volumes import Marked, look_at
from resunet_kit import plots
from resunet_kit.metrics import reliability_bins

OUT = Path(__file__).parent / "figures" / "tutorial" / "brain_mri.json"
SEQUENCES = ("pre-contrast", "FLAIR", "post-contrast")
BINS = 5


def figures(run: RunFolder, index: Index) -> Iterator[tuple[str, go.Figure]]:
    """Return the names and the figures, in the order of the story."""
    slices = pd.read_csv(run.path / "metrics_per_slice.csv")
    patients = pd.read_csv(run.path / "metrics_per_patient.csv")
    pipeline = Pipeline.load(run)
    test = groupby(run.slices_of("test", index.slices), key=lambda item: item.patient)
    marked = [Marked.of(look_at(pipeline, patient, list(found))) for patient, found in test]
    by_patient = {kept.patient: kept for kept in marked}
    patients = patients.sort_values("cascade_dice")
    ranked = [by_patient[name] for name in patients["patient"]]
    yield "slice", sequences(ranked[-1])
    yield "training", histories(run)
    truth, probability = slices["has_tumour"].to_numpy(), slices["probability"].to_numpy()
    yield "roc", plots.roc_curve(truth, probability, threshold=pipeline.cascade.threshold)
    yield "calibration", plots.reliability_diagram(truth, probability, bins=BINS)
    yield "gate", evidence(pipeline, marked, slices)
    of_tumour = slices.loc[slices["has_tumour"] == 1, "cascade_dice"].to_numpy()
    dice = {"patients": patients["cascade_dice"].to_numpy(), "slices with tumour": of_tumour}
    yield "dice", plots.score_distribution(dice, title="Dice of the cascade on test patients")
    yield "patients", worst_median_best(ranked, patients["cascade_dice"].tolist())


def largest(kept: Marked) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return image, truth and prediction of the slice with the largest tumour."""
    images, truth = read_volume(kept.slices)
    i = int(truth.sum(axis=(1, 2)).argmax())
    return images[i], truth[i], kept.mask()[i]


def sequences(kept: Marked) -> go.Figure:
    """Draw the three sequences of a slice and the expert's mask."""
    image, truth, _ = largest(kept)
    panels = [*np.moveaxis(image, -1, 0), truth * image.max()]
    return plots.sample_grid(panels, titles=[*SEQUENCES, "mask"], columns=4)


def histories(run: RunFolder) -> go.Figure:
    """Draw loss and score of both stages."""
    shown = {"classifier": ("loss", "auc"), "segmenter": ("loss", "dice_score")}
    tables = {stage: pd.read_csv(run.path / f"{stage}.history.csv") for stage in shown}
    columns = {stage: [*names, *(f"val_{name}" for name in names)] for stage, names in shown.items()}
    return plots.training_history({stage: tables[stage][columns[stage]].to_dict("list") for stage in shown})


def evidence(pipeline: Pipeline, marked: list[Marked], slices: pd.DataFrame) -> go.Figure:
    """Draw where the classifier saw its evidence, in the slice without tumour that it was surest of."""
    found = next(one for one in explain(pipeline, marked, slices) if not one.has_tumour)
    title = f"A healthy slice at a probability of {found.probability:.2f}"
    return plots.heatmap_overlay(found.image[..., 1], found.evidence, mask=found.mask, name="Evidence", title=title)


def worst_median_best(ranked: list[Marked], dice: list[float]) -> go.Figure:
    """Draw truth and prediction of three patients, whose Dice stands above."""
    chosen = [0, len(ranked) // 2, len(ranked) - 1]
    images, truths, masks = zip(*(largest(ranked[i]) for i in chosen), strict=True)
    scores = [dice[i] for i in chosen]
    titles = ["worst patient", "median", "best patient"]
    grey = [image[..., 1] for image in images]
    figure = plots.worst_cases(grey, truths, masks, scores, count=3, titles=titles, name="Dice of all slices")
    return figure.update_layout(title_text="The slices with the largest tumour")


def numbers(run: RunFolder) -> dict[str, Any]:
    """Return what the page says of the run, and by which version it was made."""
    scores = json.loads(run.metrics.read_text(encoding="utf-8"))
    slices = pd.read_csv(run.path / "metrics_per_slice.csv")
    of_tumour = slices[slices["has_tumour"] == 1]
    history = pd.read_csv(run.path / "classifier.history.csv")
    bins = reliability_bins(slices["has_tumour"].to_numpy(), slices["probability"].to_numpy(), bins=BINS)
    kinds = ("per_patient", "per_slice_with_tumour", "per_slice")
    return {
        "provenance": {name: scores["provenance"][name] for name in ("version", "seed", "date")},
        "patients": {part: scores["split"][part]["patients"] for part in ("train", "validation", "test")},
        "test_slices": scores["split"]["test"]["slices"],
        "with_tumour": scores["split"]["test"]["with_tumour"],
        "threshold": scores["thresholds"]["classifier"],
        "roc_auc": scores["classifier"]["roc_auc"],
        "auc_by_epoch": {name: history[name].tolist() for name in ("auc", "val_auc")},
        "tumour_pixels_of_missed_slices": of_tumour.loc[of_tumour["cascade_dice"] == 0, "truth_px"].tolist(),
        "calibration": {"probability": bins.confidence.tolist(), "with_tumour": bins.frequency.tolist()},
        "healthy_probability": float(slices.loc[slices["has_tumour"] == 0, "probability"].max()),
        "gate": {name: scores["gate"][name] for name in ("held_back", "held_back_with_tumour", "false_alarms")},
        "dice": {kind: scores["cascade"][kind]["dice"] for kind in kinds},
        "segmenter_dice": scores["segmenter"]["per_patient"]["dice"]["mean"],
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    cohort = checked_index(folder / "cohort")
    if {item.patient for item in cohort.slices} != cohort.simulated:
        raise SystemExit("Expected a simulated cohort. Received real patients, whose images must not be published.")
    opened = RunFolder.open(folder)
    drawn = {f"tutorial_{name}": json.loads(figure.to_json()) for name, figure in figures(opened, cohort)}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"numbers": numbers(opened), "figures": drawn}) + "\n", encoding="utf-8")
    print(OUT)
