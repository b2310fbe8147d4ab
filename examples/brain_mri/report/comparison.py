"""The report of a comparison of runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from examples.brain_mri.comparison import (
    SCORES,
    Scored,
    differing_options,
    score_rows,
    smallest_p,
    training_text,
)
from examples.brain_mri.formats import score, signed
from examples.brain_mri.provenance import patients_text
from examples.brain_mri.wording import ENOUGH, interval_text
from resunet_kit import plots

MAIN = "cascade_dice"


def write_comparison(path: Path, runs: Sequence[Scored], patients: Sequence[str]) -> Path:
    """Write one self-contained HTML file."""
    names = [scored.name for scored in runs]
    sections = [
        plots.Section(
            "Scores",
            [
                tested_text(runs, patients),
                table_rows(runs, patients),
                reading_text(len(patients)),
                difference_figure(runs, patients),
            ],
        ),
        plots.Section("Patients", [_patient_rows(runs, patients), distribution_figure(runs, patients)]),
        plots.Section("Runs", [training_text(runs), *_option_blocks(runs), _origin_rows(runs)]),
    ]
    return plots.write_report(
        path, sections, title=f"Brain MRI, comparison: {' and '.join(names)}", subtitle=origin_text(runs)
    )


def origin_text(runs: Sequence[Scored]) -> str:
    """Return whether the patients are simulated, for each run where they differ."""
    said = {scored.name: patients_text(scored.provenance) for scored in runs}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return " ".join(f"{name}: {text}" for name, text in said.items())


def tested_text(runs: Sequence[Scored], patients: Sequence[str]) -> str:
    """Return on how many patients the runs are compared."""
    own = ", ".join(f"{scored.name} {len(scored.patients)}" for scored in runs)
    count = f"the {len(patients)} patients" if len(patients) > 1 else "the one patient"
    return f"Compared on {count} that all runs tested, paired by patient (tested: {own})."


def reading_text(patients: int) -> str:
    """Return how to read intervals and p."""
    few = ": with so few it says little" if patients < ENOUGH else ""
    return (
        f"{interval_text(patients)} Differences are to the first run. p is the p-value of a two-sided permutation "
        "test that flips the signs of the patients' differences (SciPy), not corrected for the number of comparisons. "
        "Sensitivity and specificity are those of all slices together. "
        f"With {patients} patient{'s' if patients > 1 else ''} it cannot be below {smallest_p(patients):.2g}{few}."
    )


def table_rows(runs: Sequence[Scored], patients: Sequence[str]) -> list[dict[str, str]]:
    """Return the scores as text, one row per score and run."""
    return [
        {
            "Score": row["score"],
            "Run": row["run"],
            "Mean": score(row),
            "Difference": signed(row["difference"]) if "p" in row else "",
            "p": f"{row['p']:.3f}" if "p" in row else "",
        }
        for row in score_rows(runs, patients)
    ]


def _patient_rows(runs: Sequence[Scored], patients: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for patient in patients:
        row: dict[str, Any] = {"Patient": patient, "Tumour (px)": int(runs[0].patients.loc[patient, "truth_px"])}
        for column in ("cascade_dice", "segmenter_dice"):
            row |= {f"{SCORES[column]}, {one.name}": float(one.patients.loc[patient, column]) for one in runs}
        found.append(row)
    return found


def difference_figure(runs: Sequence[Scored], patients: Sequence[str]) -> go.Figure:
    """Return every score's difference to the first run, with its interval over patients."""
    rows = []
    for row in score_rows(runs, patients):
        if "difference" in row:
            found = row["difference"]
            low, high = found["interval"] or (None, None)
            label = f"{row['score']}, {row['run']}"
            rows.append({"label": label, "estimate": found["mean"], "low": low, "high": high})
    return plots.interval_plot(rows, name=f"Difference to {runs[0].name}")


def distribution_figure(runs: Sequence[Scored], patients: Sequence[str]) -> go.Figure:
    """Return the Dice of every patient in every run."""
    scores = {one.name: one.patients.loc[list(patients), MAIN].to_numpy() for one in runs}
    return plots.score_distribution(
        scores, labels=[*patients] * len(runs), title="Dice of each patient's volume, cascade"
    )


def _option_blocks(runs: Sequence[Scored]) -> list[Any]:
    rows = differing_options(runs)
    return ["Options that differ:", rows] if rows else ["All options are the same."]


def _origin_rows(runs: Sequence[Scored]) -> list[dict[str, Any]]:
    return [
        {
            "Run": one.name,
            **{key.capitalize(): str(one.provenance.get(key, "–")) for key in ("version", "seed", "date")},
            "Machine": one.provenance.get("machine", {}).get("processor", "–"),
        }
        for one in runs
    ]
