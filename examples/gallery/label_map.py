"""A label map of many classes, with a legend by name: truth filled, prediction dotted."""

import numpy as np
import plotly.graph_objects as go
from scipy.ndimage import binary_fill_holes, label, shift
from skimage import data
from skimage.filters import sobel
from skimage.segmentation import watershed

from resunet_kit.plots import overlay


def figure() -> go.Figure:
    """Name every coin, and move the labels for a prediction."""
    image = data.coins()
    seeds = (image < 30) + 2 * (image > 150)
    coins = watershed(sobel(image), seeds) == 2
    labels = label(binary_fill_holes(coins))[0].astype(np.uint8)
    names = {n: f"Coin {n}" for n in range(1, labels.max() + 1)}
    moved = shift(labels, (4, 3), order=0)
    return overlay(image, labels, prediction=moved, class_names=names)
