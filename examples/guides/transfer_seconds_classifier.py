"""ROC AUC of slices of real patients against the seconds of training, by which layers are trained."""

import plotly.graph_objects as go

from examples.brain_mri.study.grid import MODES
from examples.guides.transfer_scores import curves


def figure() -> go.Figure:
    """Draw the runs that start from ImageNet and train on all ten patients."""
    return curves("classifier", "mode", MODES, "seconds", "Seconds of training", start="imagenet", patients=10)
