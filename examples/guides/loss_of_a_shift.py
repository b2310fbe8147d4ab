"""How losses penalise a mask that is too small or too large: Tversky favours the larger one."""

import numpy as np
import plotly.graph_objects as go

from examples.guides.axes import with_axes
from resunet_kit.losses import CrossEntropy, Dice, Focal, Jaccard, Tversky

RADIUS = 12
LOSSES = {
    "Dice": Dice(),
    "Jaccard": Jaccard(),
    "Tversky, fn 0.7": Tversky(),
    "Tversky, fn 0.9": Tversky(fp_weight=0.1, fn_weight=0.9),
    "CrossEntropy": CrossEntropy(),
    "Focal": Focal(),
}


def figure() -> go.Figure:
    """Draw each loss for predicted discs that are up to six pixels smaller or larger than the true one."""
    rows, columns = np.mgrid[:64, :64] - 31.5
    distance = np.hypot(rows, columns)[None, ..., None]
    errors = np.arange(-6, 7)
    drawn = go.Figure()
    for name, loss in LOSSES.items():
        predictions = [np.where(distance < RADIUS + error, 0.99, 0.01) for error in errors]
        values = [float(loss(distance < RADIUS, prediction)) for prediction in predictions]
        drawn.add_scatter(x=errors, y=values, name=name, mode="lines+markers")
    return with_axes(drawn, "Radius of the prediction less that of the truth, in pixels", "Loss", hovermode="x unified")
