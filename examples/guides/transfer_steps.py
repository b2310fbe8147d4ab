"""Dice of volumes of real patients against optimizer steps, by start."""

import plotly.graph_objects as go

from examples.guides.transfer_scores import STARTS, curves


def figure() -> go.Figure:
    """Draw the trainings of all layers on all ten patients."""
    return curves("segmenter", "start", STARTS, "steps", "Optimizer steps", mode="all", patients=10)
