"""Dice of volumes of real patients against the number of training patients, by which layers are trained."""

import plotly.graph_objects as go

from examples.brain_mri.study.grid import MODES
from examples.guides.transfer_scores import curves


def figure() -> go.Figure:
    """Draw the final scores of the runs that start from ImageNet."""
    return curves("segmenter", "mode", MODES, "patients", "Training patients", start="imagenet")
