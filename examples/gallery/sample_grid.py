"""Images with their masks, to look at before training: are they pairs, and are the masks right?"""

import plotly.graph_objects as go
from scipy.ndimage import binary_fill_holes
from skimage import data
from skimage.filters import sobel
from skimage.segmentation import watershed
from skimage.util import view_as_blocks

from resunet_kit.plots import sample_grid


def figure() -> go.Figure:
    """Show the coins cut into tiles of 75 x 76 pixels."""
    image = data.coins()
    seeds = (image < 30) + 2 * (image > 150)
    coins = watershed(sobel(image), seeds) == 2
    mask = binary_fill_holes(coins)
    tiles, masks = (
        view_as_blocks(a[:300, :380], (75, 76)).reshape(-1, 75, 76)
        for a in (image, mask)
    )
    return sample_grid(
        tiles[:12],
        masks[:12],
        columns=4,
        title="Pairs of images and masks",
    )
