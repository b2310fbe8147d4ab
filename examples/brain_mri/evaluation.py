"""Evaluation on the test patients alone: tables, summary and report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from examples.brain_mri import scoring
from examples.brain_mri.cohort.index import Index
from examples.brain_mri.cohort.slices import Slice, read_volume
from examples.brain_mri.pipeline import Pipeline
from examples.brain_mri.report import write_report
from examples.brain_mri.run_folder import PARTS, RunFolder
from resunet_kit.data import atomic_write, find_leaks


@dataclass(frozen=True)
class Volume:
    """One test patient: slices, truth and the predictions of both stages.

    Attributes:
        patient: Name of the patient.
        slices: In the order of the arrays below.
        truth: `(slices, height, width)` uint8, 1 where an expert marked tumour.
        probability: `(slices,)` of tumour, by the classifier.
        segmented: Like `truth`, by the segmenter alone.
        cascaded: Like `truth`, by the segmenter where the classifier lets the slice through.
    """

    patient: str
    slices: Sequence[Slice]
    truth: np.ndarray
    probability: np.ndarray
    segmented: np.ndarray
    cascaded: np.ndarray

    def images(self) -> np.ndarray:
        """Read the slices: `(slices, height, width, 3)` in [0, 1]."""
        return read_volume(self.slices)[0]


def evaluate(run: RunFolder, index: Index) -> dict[str, Any]:
    """Score the cascade on the run's test patients and write metrics, tables and the report.

    Returns:
        What `metrics.json` holds.
    """
    run.options(), run.epochs_done("classifier"), run.epochs_done("segmenter")  # unreadable files fail before results
    pipeline = Pipeline.load(run)
    cascade = pipeline.cascade
    test = run.slices_of("test", index.slices)
    by_patient = groupby(test, key=lambda item: item.patient)
    patients = [(patient, list(slices)) for patient, slices in by_patient]
    volumes = [
        look_at(pipeline, patient, slices) for patient, slices in tqdm(patients, desc="test patients", unit="patient")
    ]
    slices_table = pd.concat([slice_table(volume, cascade.threshold) for volume in volumes], ignore_index=True)
    patients_table = scoring.patient_table(slices_table)
    summary = {
        "split": {part: _describe(run.slices_of(part, index.slices)) for part in PARTS},
        "leaks": leaks_between_parts(run, index),
        "thresholds": {"classifier": cascade.threshold, "segmenter": cascade.postprocess.threshold},
        "min_component_px": cascade.postprocess.min_size,
        **scoring.summarise(slices_table, patients_table),
    }
    text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
    write_report(run, index, volumes, slices_table, patients_table, summary)
    for name, table in (("metrics_per_slice.csv", slices_table), ("metrics_per_patient.csv", patients_table)):
        with atomic_write(run.path / name) as file:
            table.to_csv(file, index=False)
    with atomic_write(run.path / "metrics.json") as file:
        file.write_text(text, encoding="utf-8")
    return summary


def look_at(pipeline: Pipeline, patient: str, slices: Sequence[Slice]) -> Volume:
    """Run both stages over one patient's slices, at the slices' own size."""
    images, truth = read_volume(slices)
    found = pipeline.predict(images, every_slice=True)
    return Volume(patient, slices, truth, found.tumour, found.segmented, found.mask)


def slice_table(volume: Volume, threshold: float) -> pd.DataFrame:
    """Return one row per slice: truth, probability, counts and scores of both stages."""
    rows = []
    for i, item in enumerate(volume.slices):
        row: dict[str, Any] = {
            "patient": volume.patient,
            "slice": item.number,
            "has_tumour": int(volume.truth[i].any()),
            "probability": float(volume.probability[i]),
            "predicted_tumour": int(volume.probability[i] >= threshold),
            "truth_px": int(volume.truth[i].sum()),
            "cascade_px": int(volume.cascaded[i].sum()),
        }
        for stage, marked in (("segmenter", volume.segmented), ("cascade", volume.cascaded)):
            counts = scoring.count_overlap(volume.truth[i], marked[i])
            row |= {f"{stage}_{name}": count for name, count in counts.items()}
        rows.append(row)
    return scoring.with_scores(pd.DataFrame(rows))


def leaks_between_parts(run: RunFolder, index: Index) -> dict[str, list[Any]]:
    """Return the people with slices in two parts of the split, and pairs of files with the same pixels."""
    part_of = run.split()
    used = [item for item in index.slices if item.patient in part_of]
    leaks = find_leaks(
        {part: [i for i, item in enumerate(used) if part_of[item.patient] == part] for part in PARTS},
        groups=[item.person for item in used],
        image_paths=[item.image for item in used],
    )
    return {
        "people": sorted({str(person) for people in leaks.groups.values() for person in people}),
        "identical_images": [
            [str(used[i].image), str(used[j].image)] for pairs in leaks.images.values() for i, j in pairs
        ],
    }


def _describe(slices: Sequence[Slice]) -> dict[str, int]:
    return {
        "patients": len({item.patient for item in slices}),
        "slices": len(slices),
        "with_tumour": sum(item.has_tumour for item in slices),
    }
