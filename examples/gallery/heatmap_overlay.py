"""Where a prediction is uncertain: the entropy of its probabilities over the image, with a slider for its opacity."""

import numpy as np
import plotly.graph_objects as go
from scipy.ndimage import gaussian_filter
from skimage import data

from resunet_kit.plots import heatmap_overlay


def figure() -> go.Figure:
    """Show the entropy of a smooth threshold, in place of a network's."""
    image = data.coins()
    level = gaussian_filter(image.astype("float32"), 2)
    chance = 1 / (1 + np.exp((110 - level) / 8))
    inside, outside = np.clip([chance, 1 - chance], 1e-6, 1)
    entropy = -inside * np.log2(inside) - outside * np.log2(outside)
    return heatmap_overlay(
        image,
        entropy,
        prediction=chance > 0.5,
        name="Entropy (bits)",
        value_range=(0, 1),
    )
