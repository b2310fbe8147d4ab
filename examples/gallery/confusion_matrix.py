"""How many cases of each true class were predicted as each class."""

import plotly.graph_objects as go
from skimage import data
from skimage.color import rgb2hed
from skimage.filters import gaussian, threshold_multiotsu

from resunet_kit.plots import confusion_matrix


def figure() -> go.Figure:
    """Class pixels by stain, and again from a blurred image."""
    brown = rgb2hed(data.immunohistochemistry())[::2, ::2, 2]
    levels = threshold_multiotsu(brown)
    truth, predicted = (
        (image[..., None] > levels).sum(-1).ravel()
        for image in (brown, gaussian(brown, 1.5))
    )
    return confusion_matrix(
        truth, predicted, names=["unstained", "weak", "strong"]
    )
