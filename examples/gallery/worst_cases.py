"""The error maps of the lowest scores, worst first: what to look at after an evaluation."""

import plotly.graph_objects as go
from scipy.ndimage import binary_fill_holes
from skimage import data
from skimage.filters import sobel, threshold_otsu
from skimage.segmentation import watershed
from skimage.util import view_as_blocks

from resunet_kit.metrics import overlap_scores
from resunet_kit.plots import worst_cases


def figure() -> go.Figure:
    """Score one threshold on each tile of the coins."""
    image = data.coins()
    seeds = (image < 30) + 2 * (image > 150)
    coins = watershed(sobel(image), seeds) == 2
    truth = binary_fill_holes(coins)
    prediction = image > threshold_otsu(image)
    tiles, truths, predictions = (
        view_as_blocks(array[:300, :380], (75, 76)).reshape(
            -1, 75, 76
        )
        for array in (image, truth, prediction)
    )
    scores = [
        overlap_scores(*pair).dice
        for pair in zip(truths, predictions, strict=True)
    ]
    return worst_cases(tiles, truths, predictions, scores)
