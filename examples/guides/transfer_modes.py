"""Dice of volumes of real patients against the number of training patients, by what is trained."""

import plotly.graph_objects as go

from examples.brain_mri.study.grid import MODES
from examples.guides.transfer_scores import curves


def figure() -> go.Figure:
    """Draw the end of the trainings from ImageNet."""
    return curves("segmenter", "mode", MODES, "patients", "Training patients", start="imagenet")
