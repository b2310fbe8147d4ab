"""Precision against recall, which stay telling where positives are rare: the dotted line is their share."""

import plotly.graph_objects as go
from scipy.ndimage import binary_fill_holes, gaussian_filter
from skimage import data
from skimage.filters import sobel
from skimage.segmentation import watershed

from resunet_kit.plots import precision_recall_curve


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
    return precision_recall_curve(truth, scores, threshold=0.42)
