"""A true mask and a predicted one over their image, each switched by the legend."""

import plotly.graph_objects as go
from scipy.ndimage import binary_fill_holes
from skimage import data
from skimage.filters import sobel, threshold_otsu
from skimage.segmentation import watershed

from resunet_kit.plots import overlay


def figure() -> go.Figure:
    """Compare a watershed, as the truth, with one threshold."""
    image = data.coins()
    seeds = (image < 30) + 2 * (image > 150)
    coins = watershed(sobel(image), seeds) == 2
    truth = binary_fill_holes(coins)
    return overlay(
        image,
        truth,
        prediction=image > threshold_otsu(image),
        title="Coins",
    )
