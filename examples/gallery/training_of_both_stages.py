"""Both stages of a cascade in one figure, each with its best epoch and the learning rate."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import training_history


def figure() -> go.Figure:
    """Draw made-up histories of a classifier and a segmenter, as `model.fit` returns them."""
    rng = np.random.default_rng(5)
    epoch = np.arange(30)

    def curve(start: float, end: float, speed: float) -> np.ndarray:
        noise = rng.normal(0, 0.012, epoch.size)
        return end + (start - end) * np.exp(-epoch / speed) + noise

    classifier = {
        "loss": curve(0.7, 0.12, 6),
        "val_loss": curve(0.7, 0.2, 4) + 0.004 * epoch,
        "auc": curve(0.5, 0.98, 4),
        "val_auc": curve(0.5, 0.94, 4),
    }
    segmenter = {
        "loss": curve(0.9, 0.1, 7),
        "val_loss": curve(0.9, 0.18, 6),
        "dice": curve(0.1, 0.9, 7),
        "val_dice": curve(0.1, 0.82, 6),
        "learning_rate": 1e-3 * 0.8**epoch,
    }
    return training_history({"classifier": classifier, "segmenter": segmenter})
