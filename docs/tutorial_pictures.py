"""Draw the pictures of the brain MRI tutorial from a run on the simulated cohort.

    make demo RUN=runs/demo
    pip install kaleido
    python -m docs.tutorial_pictures runs/demo

Kaleido needs Chrome or Chromium: `BROWSER_PATH` names another one than it finds. Simulated patients alone are drawn.
"""

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

OUT = Path(__file__).parent / "pages" / "images" / "brain_mri"
SEQUENCES = ("pre-contrast", "FLAIR", "post-contrast")
WIDTH = 720


def pictures(run: RunFolder, index: Index) -> Iterator[tuple[str, go.Figure]]:
    """Return the name and the figure of each picture, in the order of the story."""
    slices = pd.read_csv(run.path / "metrics_per_slice.csv")
    patients = pd.read_csv(run.path / "metrics_per_patient.csv")
    pipeline = Pipeline.load(run)
    test = groupby(run.slices_of("test", index.slices), key=lambda item: item.patient)
    marked = [Marked.of(look_at(pipeline, patient, list(found))) for patient, found in test]
    by_patient = {kept.patient: kept for kept in marked}
    ranked = [by_patient[name] for name in patients.sort_values("cascade_dice")["patient"]]
    yield "slice", sequences(ranked[-1])
    yield "training", histories(run)
    truth, probability = slices["has_tumour"].to_numpy(), slices["probability"].to_numpy()
    yield "roc", plots.roc_curve(truth, probability, threshold=pipeline.cascade.threshold)
    yield "calibration", plots.reliability_diagram(truth, probability, bins=5)
    yield "gate", evidence(pipeline, marked, slices)
    of_tumour = slices.loc[slices["has_tumour"] == 1, "cascade_dice"].to_numpy()
    dice = {"patients": patients["cascade_dice"].to_numpy(), "slices with tumour": of_tumour}
    yield "dice", plots.score_distribution(dice, title="Dice of the cascade on test patients")
    yield "patients", worst_median_best(ranked)


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


def worst_median_best(ranked: list[Marked]) -> go.Figure:
    """Draw truth and prediction of three patients."""
    chosen = [ranked[0], ranked[len(ranked) // 2], ranked[-1]]
    images, truths, masks = zip(*map(largest, chosen), strict=True)
    scores = [2 * np.sum(t * m) / max(1, np.sum(t) + np.sum(m)) for t, m in zip(truths, masks, strict=True)]
    titles = ["worst patient", "median", "best patient"]
    grey = [image[..., 1] for image in images]
    title = "The slices with the largest tumour"
    return plots.worst_cases(grey, truths, masks, np.array(scores), count=3, titles=titles, title=title)


def write(name: str, figure: go.Figure) -> None:
    """Write a picture in the ink of a grey that can be read on white and on black."""
    figure.layout.updatemenus = figure.layout.sliders = ()
    height: Any = figure.layout.height
    figure.write_image(OUT / f"{name}.png", width=WIDTH, height=height, scale=1)
    print(OUT / f"{name}.png")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    cohort = checked_index(folder / "cohort")
    if {item.patient for item in cohort.slices} != cohort.simulated:
        raise SystemExit("Expected a simulated cohort. Received real patients, whose images must not be published.")
    OUT.mkdir(parents=True, exist_ok=True)
    for picture in pictures(RunFolder.open(folder), cohort):
        write(*picture)
