"""Losses and metrics by epoch, training solid and validation dashed, with the best epoch marked."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import training_history


def figure() -> go.Figure:
    """Fit 120 noisy points of 40 features by gradient descent until it overfits, as `model.fit` would."""
    rng = np.random.default_rng(1)
    features, weights = rng.normal(size=(120, 40)), np.zeros(40)
    labels = features[:, 0] + rng.normal(size=120) > 0
    history: dict[str, list[float]] = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}
    for _epoch in range(40):
        probability = 1 / (1 + np.exp(-features @ weights))
        for prefix, part in (("", slice(60)), ("val_", slice(60, None))):
            likelihood = np.where(labels, probability, 1 - probability)[part]
            history[prefix + "loss"].append(-np.log(likelihood).mean())
            history[prefix + "accuracy"].append((likelihood > 0.5).mean())
        weights += 0.3 * (labels - probability)[:60] @ features[:60] / 60
    return training_history(history)
