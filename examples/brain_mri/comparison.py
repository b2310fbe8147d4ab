"""Runs compared on the test patients that all of them have, score by score, paired by patient."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from examples.brain_mri import fingerprints
from examples.brain_mri.provenance import patients_text
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.scoring import mean

SCORES = {
    "cascade_dice": "Dice, cascade",
    "segmenter_dice": "Dice, segmenter",
    "cascade_iou": "IoU, cascade",
    "segmenter_iou": "IoU, segmenter",
    "cascade_surface_dice": "Surface Dice, cascade",
    "cascade_lesion_f1": "Lesion F1, cascade",
}
# Whether the cascade is right about a slice, by whether the slice shows tumour.
BY_SLICE = {1: "Sensitivity by slice, cascade", 0: "Specificity by slice, cascade"}
SAME = ("slices", "truth_px")  # the same for a patient in every run
RESAMPLES = 9999  # with up to 13 patients all 2**n flips of signs, which are fewer


@dataclass(frozen=True)
class Scored:
    """An evaluated run: its scores by patient and by slice, its options, and where its evaluation comes from."""

    name: str
    run: RunFolder
    patients: pd.DataFrame
    slices: pd.DataFrame
    provenance: dict[str, Any]


def read_runs(paths: Sequence[Path]) -> list[Scored]:
    """Read evaluated runs, named by their folders, or by their paths if two folders have the same name.

    Raises:
        ValueError: If there are fewer than two, one is named twice, is not a run, or was not evaluated.
    """
    resolved = [path.resolve() for path in paths]
    if len(set(resolved)) < max(2, len(resolved)):
        raise ValueError(
            f"Expected two or more different runs. Received {', '.join(map(str, paths))}. Name each run folder once."
        )
    unique = len({path.name for path in resolved}) == len(resolved)
    return [_read(path, full.name if unique else str(path)) for path, full in zip(paths, resolved, strict=True)]


def _read(path: Path, name: str) -> Scored:
    run = RunFolder.open(path)
    files = [run.path / name for name in ("metrics_per_patient.csv", "metrics_per_slice.csv", "metrics.json")]
    cure = f"Score it with `evaluate --run {path} --data DIR`."
    if not all(file.is_file() for file in files):
        raise ValueError(f"Expected an evaluated run. Received {path} without scores. {cure}")
    try:
        table = _table(files[0], ["patient"], [*SCORES, *SAME])
        slices = _table(files[1], ["patient", "slice"], ["has_tumour", "predicted_tumour"])
        if not slices.isin([0, 1]).all(axis=None) or not slices.groupby(level=0).size().eq(table["slices"]).all():
            raise ValueError(f"{files[1].name} is not that of {files[0].name}")
        found = dict(json.loads(files[2].read_text(encoding="utf-8"))["provenance"])
        patients_text(found)  # what the comparison begins with
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"Expected the scores of a run. Received {path}: {error}. {cure}") from error
    if set(table.index) != {patient for patient, part in run.split().items() if part == "test"}:
        raise ValueError(f"Expected scores of the run's own test patients. Received others in {files[0]}. {cure}")
    return Scored(name, run, table, slices, found)


def _table(file: Path, keys: list[str], columns: list[str]) -> pd.DataFrame:
    """Return finite numbers, one row per key, in the order of the keys.

    Raises:
        ValueError: If the file holds something else.
    """
    table = pd.read_csv(file)
    absent = [name for name in (*keys, *columns) if name not in table]
    if absent:
        raise ValueError(f"{file.name} lacks {', '.join(absent)}; an older version may have written it")
    table = table.set_index(keys)[columns].astype(float).sort_index()
    if not np.isfinite(table).all(axis=None) or table.index.to_frame().isna().any(axis=None):
        raise ValueError(f"{file.name} lacks a score")
    if not table.index.is_unique:
        raise ValueError(f"{file.name} has two rows of one {keys[-1]}")
    return table


def common_patients(runs: Sequence[Scored]) -> list[str]:
    """Return the patients that every run tested.

    Raises:
        ValueError: If they have no patient in common, or a patient's slices or tumour pixels differ between runs.
    """
    shared = sorted(set.intersection(*(set(scored.patients.index) for scored in runs)))
    if not shared:
        raise ValueError(
            f"Expected a test patient that all runs have. Received {len(runs)} runs without one: "
            f"{', '.join(scored.name for scored in runs)}. Train them on the same data with the same --seed."
        )
    prints = [fingerprints.read(scored.run.path) for scored in runs]
    first = runs[0]
    for scored, other in zip(runs[1:], prints[1:], strict=True):
        for patient in shared:
            same = first.patients.loc[patient, [*SAME]].equals(scored.patients.loc[patient, [*SAME]])
            same &= first.slices.loc[patient, "has_tumour"].equals(scored.slices.loc[patient, "has_tumour"])
            if not same or prints[0].get(patient) != other.get(patient):
                raise ValueError(
                    f"Expected the same files of each patient in all runs. Received others of {patient} in "
                    f"{scored.name} than in {first.name}. Evaluate the runs on one data folder."
                )
    return shared


def score_rows(runs: Sequence[Scored], patients: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row per score and run: mean, difference to the first run, and p-value of that difference.

    A score that no patient has, such as specificity without slices without tumour, has no rows.
    """
    rows = []
    for title, values in _values(runs, patients).items():
        names = pd.Series(values.index.get_level_values("patient"))
        base = values[runs[0].name]
        for scored in runs if len(values) else ():
            row = {"score": title, "run": scored.name, **mean(values[scored.name], names)}
            if scored is not runs[0]:
                difference = values[scored.name] - base
                by_patient = difference.groupby(level="patient").sum()
                row |= {"difference": mean(difference, names), "p": p_value(by_patient.to_numpy())}
            rows.append(row)
    return rows


def _values(runs: Sequence[Scored], patients: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return for each score by its title the values of each run, by patient or by slice."""
    found = {
        title: pd.DataFrame({scored.name: scored.patients.loc[[*patients], column] for scored in runs})
        for column, title in SCORES.items()
    }
    for tumour, title in BY_SLICE.items():
        right = {}
        for scored in runs:
            slices = scored.slices.loc[[*patients]]
            right[scored.name] = slices.loc[slices["has_tumour"] == tumour, "predicted_tumour"].eq(tumour).astype(float)
        found[title] = pd.DataFrame(right)
    return found


def p_value(differences: np.ndarray) -> float:
    """Return the two-sided p-value of paired differences, by a permutation test that flips their signs.

    Example:
        >>> p_value(np.array([0.1, 0.2, 0.05, 0.3, 0.15]))
        0.0625
    """
    if len(differences) < 2:
        return 1.0  # both signs are equally likely
    found = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", vectorized=True, n_resamples=RESAMPLES, random_state=0
    )
    return float(found.pvalue)


def smallest_p(patients: int) -> float:
    """Return the smallest p-value that this many patients can give: all differences of one sign."""
    return max(2 / 2**patients, 2 / (RESAMPLES + 1)) if patients > 1 else 1.0


def differing_options(runs: Sequence[Scored]) -> list[dict[str, str]]:
    """Return the options whose values differ between the runs, one row each."""
    options = {scored.name: asdict(scored.run.options()) for scored in runs}
    names = dict.fromkeys(name for of in options.values() for name in of)
    return [
        {"Option": name, **{run: str(of.get(name, "–")) for run, of in options.items()}}
        for name in names
        if len({str(of.get(name, "–")) for of in options.values()}) > 1
    ]


def training_text(runs: Sequence[Scored]) -> str:
    """Return whether the runs were trained on the same patients, which decides what a difference means."""
    parts = [{name for name, part in scored.run.split().items() if part == "train"} for scored in runs]
    if all(part == parts[0] for part in parts):
        return f"All were trained on the same {len(parts[0])} patients."
    counts = ", ".join(f"{scored.name} on {len(part)}" for scored, part in zip(runs, parts, strict=True))
    return f"They were trained on different patients: {counts}. A difference may come from that alone."
