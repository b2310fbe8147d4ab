"""True positives, false positives and false negatives, each switched by a button: the legend counts the pixels."""

import plotly.graph_objects as go
from scipy.ndimage import binary_fill_holes
from skimage import data
from skimage.filters import sobel, threshold_otsu
from skimage.segmentation import watershed

from resunet_kit.plots import error_map


def figure() -> go.Figure:
    """Show the errors of one threshold for the whole image."""
    image = data.coins()
    seeds = (image < 30) + 2 * (image > 150)
    coins = watershed(sobel(image), seeds) == 2
    truth = binary_fill_holes(coins)
    return error_map(image, truth, image > threshold_otsu(image))
