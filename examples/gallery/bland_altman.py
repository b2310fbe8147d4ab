"""Bland-Altman plot of true and predicted volumes: bias and limits of agreement, each with its interval."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import bland_altman


def figure() -> go.Figure:
    """Draw made-up volumes of 45 patients, predicted a little too large and with an error that grows."""
    rng = np.random.default_rng(6)
    truth = rng.gamma(3, 12, 45)
    predicted = truth * rng.normal(1.04, 0.08, 45) + 0.6
    return bland_altman(
        truth,
        predicted,
        labels=[f"patient {number}" for number in range(1, 46)],
        name="Volume in ml",
    )
