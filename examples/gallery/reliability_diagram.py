"""Are predicted probabilities true frequencies? On the diagonal they are; the bars count the predictions."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import reliability_diagram


def figure() -> go.Figure:
    """Draw an overconfident model: its logits are doubled."""
    rng = np.random.default_rng(0)
    logits = rng.normal(-0.5, 1.2, 5000)
    truth = rng.random(5000) < 1 / (1 + np.exp(-logits))
    return reliability_diagram(truth, 1 / (1 + np.exp(-2 * logits)))
