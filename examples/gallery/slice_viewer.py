"""A slider through a volume, with the true and the predicted region of each slice; the arrow keys move it, too."""

import plotly.graph_objects as go
from scipy.ndimage import gaussian_filter

from examples.brain_mri.simulation import simulate_patient
from resunet_kit.masks import largest_component
from resunet_kit.plots import slice_viewer


def figure() -> go.Figure:
    """Show FLAIR, and a bright region in place of a prediction."""
    patient = simulate_patient(0)
    flair, masks = patient.images[16:32, ..., 1], patient.masks[16:32]
    smooth = gaussian_filter(flair.astype("float32"), (0, 2, 2))
    bright = smooth > 0.85 * flair[masks > 0].mean()
    regions = [largest_component(mask) for mask in bright]
    title = "A simulated patient, FLAIR"
    return slice_viewer(flair, masks, regions, title=title)
