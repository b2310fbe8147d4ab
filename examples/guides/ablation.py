"""What each choice of the brain MRI example brought on real patients: differences in Dice, paired by patient."""

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from resunet_kit.plots import interval_plot

TABLE = Path(__file__).parents[2] / "docs" / "figures" / "ablation.csv"


def figure() -> go.Figure:
    """Draw the difference that each choice made, with its interval over patients."""
    table = pd.read_csv(TABLE)
    rows = [
        {"label": label, "estimate": difference, "low": low, "high": high}
        for label, difference, low, high in zip(table.label, table.difference, table.low, table.high, strict=True)
    ]
    return interval_plot(rows, name="Difference in Dice")
