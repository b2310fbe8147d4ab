"""Surface distances per patient: infinite ones (an empty mask) and missing ones in columns of their own."""

import numpy as np
import plotly.graph_objects as go

from resunet_kit.plots import score_distribution


def figure() -> go.Figure:
    """Draw made-up distances of a segmenter alone and of a cascade whose gate loses two lesions."""
    rng = np.random.default_rng(7)
    segmenter = rng.gamma(2, 2.5, 32)
    cascade = segmenter * rng.uniform(0.7, 1, 32)
    cascade[[4, 19]] = np.inf
    segmenter[11] = cascade[11] = np.nan
    return score_distribution(
        {"Segmenter": segmenter, "Cascade": cascade},
        name="95 % Hausdorff distance in mm",
    )
