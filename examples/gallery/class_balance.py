"""How often each class occurs in each part of a split, with its share."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import class_balance


def figure() -> go.Figure:
    """Draw made-up labels: a third of the slices show a tumour."""
    labels = np.random.default_rng(0).random(600) < 0.35
    parts = ["train"] * 420 + ["validation"] * 90 + ["test"] * 90
    return class_balance(
        labels.astype(int),
        names=["no tumour", "tumour"],
        groups=parts,
    )
