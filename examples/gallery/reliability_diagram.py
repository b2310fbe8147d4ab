"""Are predicted probabilities true frequencies? On the diagonal they are; the bars count the predictions."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import reliability_diagram


def figure() -> go.Figure:
    """Draw 5,000 cases of an overconfident model, whose logits are twice what they should be."""
    rng = np.random.default_rng(0)
    logits = rng.normal(-0.5, 1.2, 5000)
    truth = rng.random(5000) < 1 / (1 + np.exp(-logits))
    return reliability_diagram(truth, 1 / (1 + np.exp(-2 * logits)))
