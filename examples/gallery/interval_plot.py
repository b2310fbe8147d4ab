"""Forest plot of an ablation: differences from the full network with bootstrap intervals over patients."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.metrics import bootstrap_interval
from resunet_kit.plots import interval_plot


def figure() -> go.Figure:
    """Compare made-up Dice scores of 40 patients, paired by patient, after each part was left out."""
    rng = np.random.default_rng(4)
    lost = {
        "Without residual connections": 0.03,
        "Without attention gates": 0.004,
        "Without augmentation": 0.05,
        "With twice the filters": -0.012,
    }
    rows = {change: bootstrap_interval(rng.normal(-loss, 0.04, 40)) for change, loss in lost.items()}
    return interval_plot(rows, name="Difference in Dice")
