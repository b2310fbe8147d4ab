"""Evaluation on the test patients alone: tables, summary, report and model card."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

import pandas as pd

from examples.brain_mri import fingerprints, gate, groups, model_card, scoring
from examples.brain_mri.calibration import calibration_summary
from examples.brain_mri.cohort.index import Index
from examples.brain_mri.cohort.slices import Slice
from examples.brain_mri.explaining import Explained, explain
from examples.brain_mri.pipeline import Pipeline
from examples.brain_mri.progress import progress_bar
from examples.brain_mri.provenance import provenance
from examples.brain_mri.report import write_report
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.shapes import shape_scores, shape_summary
from examples.brain_mri.split import PARTS
from examples.brain_mri.volumes import Marked, Volume, look_at
from resunet_kit.data import atomic_write, find_leaks


def evaluate(run: RunFolder, index: Index) -> dict[str, Any]:
    """Score the cascade on the run's test patients and write metrics, tables, the report and the model card.

    One patient's arrays are in memory at a time.

    Returns:
        What `metrics.json` holds.
    """
    run.options(), run.epochs_done("classifier"), run.epochs_done("segmenter")  # unreadable files fail before results
    parts = {part: run.slices_of(part, index.slices) for part in PARTS}
    added = fingerprints.check(run.path, index.slices)
    pipeline = Pipeline.load(run)
    test = [list(slices) for _, slices in groupby(parts["test"], key=lambda item: item.patient)]
    marked, slices, patients = _tables(pipeline, test)
    cuts = groups.cut_points(parts["train"])
    patients["institution"] = patients["patient"].map(groups.institution)
    patients["lesion_size"] = [groups.lesion_size(pixels, cuts) for pixels in patients["truth_px"]]
    summary = {
        "provenance": _provenance(run, index, patients["patient"]),
        "split": {part: _describe(parts[part]) for part in PARTS},
        "added_since_training": added,
        "validation": _validation(run),
        "leaks": leaks_between_parts(run, index),
        "thresholds": {"classifier": pipeline.cascade.threshold, "segmenter": pipeline.cascade.postprocess.threshold},
        "postprocess": asdict(pipeline.cascade.postprocess),
        **scoring.summarise(slices, patients),
        "cascade_minus_segmenter": gate.paired_difference(patients, scoring.SCORES),
        "gate": {**gate.gate_summary(slices), "seconds_per_patient": gate.seconds(pipeline, test)},
        "calibration": calibration_summary(slices),
        "surfaces_and_lesions": shape_summary(patients),
        "by_institution": groups.by_institution(slices, patients),
        "by_lesion_size": groups.by_lesion_size(slices, patients),
        "lesion_size_cut_points_px": list(cuts),
    }
    _write(run, index, marked, slices, patients, explain(pipeline, marked, slices), summary)
    return summary


def _tables(pipeline: Pipeline, test: Sequence[Sequence[Slice]]) -> tuple[list[Marked], pd.DataFrame, pd.DataFrame]:
    """Predict patient by patient; return what is kept of each, the table of slices and that of patients."""
    found = [_of_patient(pipeline, slices) for slices in progress_bar(test, desc="test patients", unit="patient")]
    marked, rows, shapes = map(list, zip(*found, strict=True))
    table = pd.concat(rows, ignore_index=True)
    return marked, table, scoring.patient_table(table).merge(pd.DataFrame(shapes), on="patient")


def _of_patient(pipeline: Pipeline, slices: Sequence[Slice]) -> tuple[Marked, pd.DataFrame, dict[str, Any]]:
    """Predict and score one patient, whose arrays are freed when this returns."""
    volume = look_at(pipeline, slices[0].patient, slices)
    return Marked.of(volume), slice_table(volume), shape_scores(volume)


def _provenance(run: RunFolder, index: Index, patients: pd.Series) -> dict[str, Any]:
    options = run.options()
    return provenance(options.seed, options.precision, list(patients), index.simulated)


def _validation(run: RunFolder) -> dict[str, float]:
    """Return the scores on the validation patients, on whom thresholds were chosen."""
    try:
        return dict(json.loads(run.validation.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ValueError(f"Expected validation scores. Received {run.validation}: {error}. Train again.") from error


def _write(
    run: RunFolder,
    index: Index,
    marked: Sequence[Marked],
    slices: pd.DataFrame,
    patients: pd.DataFrame,
    explained: Sequence[Explained],
    summary: dict[str, Any],
) -> None:
    text = json.dumps(summary, indent=2, allow_nan=False) + "\n"  # NaN, which JSON lacks, fails before any file
    write_report(run, index, marked, slices, patients, explained, summary)
    model_card.write(run, summary)
    for name, table in (("metrics_per_slice.csv", slices), ("metrics_per_patient.csv", patients)):
        with atomic_write(run.path / name) as file:
            table.to_csv(file, index=False)
    with atomic_write(run.metrics) as file:
        file.write_text(text, encoding="utf-8")


def slice_table(volume: Volume) -> pd.DataFrame:
    """Return one row per slice: truth, probability, counts and scores of both stages."""
    rows = []
    for i, item in enumerate(volume.slices):
        row: dict[str, Any] = {
            "patient": volume.patient,
            "slice": item.number,
            "has_tumour": int(volume.truth[i].any()),
            "probability": float(volume.probability[i]),
            "passes_gate": int(volume.passes[i]),
            "predicted_tumour": int(volume.cascaded[i].any()),
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


def _describe(slices: Sequence[Slice]) -> dict[str, Any]:
    patients = {item.patient for item in slices}
    return {
        "patients": len(patients),
        "slices": len(slices),
        "with_tumour": sum(item.has_tumour for item in slices),
        "institutions": dict(sorted(Counter(map(groups.institution, patients)).items())),
    }
