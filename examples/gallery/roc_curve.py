"""ROC curves of several scores against one truth, with the area under each and a threshold marked on each."""

import plotly.graph_objects as go
from scipy.ndimage import binary_fill_holes, gaussian_filter
from skimage import data
from skimage.filters import sobel
from skimage.segmentation import watershed

from resunet_kit.plots import roc_curve


def figure() -> go.Figure:
    """Score pixels by brightness, and by their neighbourhood's."""
    image = data.coins()
    seeds = (image < 30) + 2 * (image > 150)
    coins = watershed(sobel(image), seeds) == 2
    truth = binary_fill_holes(coins)
    scores = {
        "Pixel": image / 255,
        "Neighbourhood": gaussian_filter(image / 255, 3),
    }
    return roc_curve(truth, scores, threshold=0.42)
