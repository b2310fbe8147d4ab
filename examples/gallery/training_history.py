"""Losses and metrics by epoch, training solid and validation dashed, with the best epoch marked."""

from collections import defaultdict

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import training_history


def figure() -> go.Figure:
    """Learn 60 noisy points by heart, and validate on 60 more."""
    rng = np.random.default_rng(1)
    x, weights = rng.normal(size=(120, 40)), np.zeros(40)
    y = x[:, 0] + rng.normal(size=120) > 0
    history: dict[str, list[float]] = defaultdict(list)
    parts = {"": slice(60), "val_": slice(60, None)}
    for _epoch in range(40):
        positive = 1 / (1 + np.exp(-x @ weights))
        correct = np.where(y, positive, 1 - positive)
        for prefix, part in parts.items():
            history[f"{prefix}loss"].append(
                -np.log(correct[part]).mean()
            )
            history[f"{prefix}accuracy"].append(
                (correct[part] > 0.5).mean()
            )
        weights += (y - positive)[:60] @ x[:60] / 200
    return training_history(history)
