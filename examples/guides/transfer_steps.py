"""Dice of volumes of real patients against optimizer steps, by start."""

import plotly.graph_objects as go

from examples.brain_mri.study.grid import STARTS
from examples.guides.transfer_scores import curves


def figure() -> go.Figure:
    """Draw the runs that train all layers on all ten patients."""
    return curves("segmenter", "start", STARTS, "steps", "Optimizer steps", mode="all", patients=10)
