"""Every score as a point over the box of its group, with median and mean; hover names the case."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import score_distribution


def figure() -> go.Figure:
    """Draw made-up Dice scores of three hospitals' patients."""
    rng = np.random.default_rng(3)
    scores = {
        "Hospital A": rng.beta(12, 2, 40),
        "Hospital B": rng.beta(9, 2.5, 30),
        "Hospital C": rng.beta(5, 3, 24),
    }
    return score_distribution(scores, name="Dice")
