"""Score against training patients, a line per start: the band is the interval of the mean over repeated trainings."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import score_curves


def figure() -> go.Figure:
    """Draw made-up Dice scores of five seeds that start from ImageNet weights, or at random."""
    rng = np.random.default_rng(2)
    patients = np.array([5, 10, 20, 40, 80])
    lost = {"ImageNet weights": 0.5, "Random weights": 0.9}
    scores = {
        start: 0.9 - loss / np.sqrt(patients)[:, None] + rng.normal(0, 0.12, (5, 5)) / np.sqrt(patients)[:, None]
        for start, loss in lost.items()
    }
    return score_curves(patients, scores, name="Dice", logarithmic=True)
