"""The same slices split at random and by patient: at random, nearly every test slice has its neighbour in training."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from examples.guides.axes import COLORS, with_axes
from resunet_kit.data import split_by_group

PARTS = ("training", "validation", "test")
PATIENTS, SLICES = 12, 24


def figure() -> go.Figure:
    """Draw each slice as a cell, one row per patient, in the colour of its part."""
    patients = np.repeat(np.arange(PATIENTS), SLICES)
    by_patient = np.empty(len(patients), int)
    for part, indices in enumerate(split_by_group(patients, [0.6, 0.2, 0.2], seed=1)):
        by_patient[indices] = part
    at_random = np.random.default_rng(0).permutation(by_patient)
    drawn = make_subplots(1, 2, subplot_titles=("Split at random", "Split by patient"), shared_yaxes=True)
    scale = [(edge, COLORS[part]) for part in range(3) for edge in (part / 3, (part + 1) / 3)]
    for column, parts in enumerate((at_random, by_patient), start=1):
        cells = parts.reshape(PATIENTS, SLICES)
        names = np.array(PARTS)[cells]
        shown = {"zmin": -0.5, "zmax": 2.5, "colorscale": scale, "showscale": False, "xgap": 1, "ygap": 1}
        hover = "patient %{y}, slice %{x}: %{text}<extra></extra>"
        drawn.add_heatmap(z=cells, text=names, texttemplate="", hovertemplate=hover, row=1, col=column, **shown)
    for part, name in enumerate(PARTS):
        marker = {"size": 11, "symbol": "square", "color": COLORS[part]}
        drawn.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=marker, row=1, col=1)
    with_axes(drawn, "Slice", "", height=320, showlegend=True)
    return drawn.update_xaxes(showgrid=False).update_yaxes(showgrid=False).update_yaxes(title="Patient", col=1)
