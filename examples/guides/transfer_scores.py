"""Scores of the study on real patients, one row per training run and moment, as in `results.csv` of a study."""

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from resunet_kit.plots import score_curves

TABLE = Path(__file__).parents[2] / "docs" / "figures" / "transfer_study.csv"
SCORES = {"segmenter": "Dice", "classifier": "ROC AUC"}


def curves(stage: str, varies: str, labels: dict[str, str], x: str, x_name: str, **fixed: object) -> go.Figure:
    """Draw the scores of a stage, a line for each start or mode, over patients, steps or seconds of training.

    Lines are means over seeds, bands the range from the lowest seed to the highest: so few seeds give no interval.
    Seconds are the fewest of the seeds: during some runs, the machine did other work too.
    """
    table = pd.read_csv(TABLE).query("stage == @stage")
    if x == "patients":
        table = table[table.steps == table.steps.max()]
    for column, value in fixed.items():
        table = table[table[column] == value]
    table = table[table.groupby("seed")[varies].transform("nunique") == len(labels)]  # seeds that all lines have
    by = "patients" if x == "patients" else "steps"
    rows = {name: table[table[varies] == key] for key, name in labels.items()}
    lines = {name: of.pivot_table("score", by, "seed") for name, of in rows.items()}
    return score_curves(
        {name: of.groupby(by)[x].min().to_numpy() for name, of in rows.items()},
        {name: line.mean(axis=1) for name, line in lines.items()},
        intervals={name: line.agg(["min", "max"], axis=1).to_numpy() for name, line in lines.items()},
        x_name=x_name,
        name=SCORES[stage],
    )
