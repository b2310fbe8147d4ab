"""The Tversky loss of a healthy image as its probabilities fall, by smoothing and by the rule for empty masks."""

import numpy as np
import plotly.graph_objects as go

from examples.guides.axes import with_axes
from resunet_kit.losses import Tversky

LOSSES = {
    "smooth=1, the default": Tversky(),
    "smooth=10": Tversky(smooth=10.0),
    "smooth=1e-6": Tversky(smooth=1e-6),
    'empty="skip"': Tversky(empty="skip"),
}


def figure() -> go.Figure:
    """Draw the loss against the sum of the probabilities, the false positives in pixels."""
    empty = np.zeros((1, 256, 256, 1))
    false_positives = np.logspace(-3, 4, 36)
    drawn = go.Figure()
    for name, loss in LOSSES.items():
        values = [float(loss(empty, np.full_like(empty, total / empty.size))) for total in false_positives]
        drawn.add_scatter(x=false_positives, y=values, name=name, mode="lines")
    with_axes(drawn, "False positives in pixels, of 65,536", "Loss", hovermode="x unified")
    return drawn.update_xaxes(type="log", autorange="reversed", dtick=1)
