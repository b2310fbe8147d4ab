"""ROC AUC of slices of real patients against the number of training patients, by start."""

import plotly.graph_objects as go

from examples.brain_mri.study.grid import STARTS
from examples.guides.transfer_scores import curves


def figure() -> go.Figure:
    """Draw the final scores of the runs that train all layers."""
    return curves("classifier", "start", STARTS, "patients", "Training patients", mode="all")
