"""A slider through a volume, with the true and the predicted region of each slice outlined."""

import plotly.graph_objects as go
from scipy.ndimage import gaussian_filter

from examples.brain_mri.simulation import simulate_patient
from resunet_kit.masks import largest_component
from resunet_kit.plots import slice_viewer


def figure() -> go.Figure:
    """Show a simulated patient's FLAIR slices, and the largest bright region in place of a network's prediction."""
    patient = simulate_patient(0)
    slices = patient.masks.any(axis=(1, 2))
    flair, masks = (
        patient.images[slices, ..., 1],
        patient.masks[slices],
    )
    bright = (
        gaussian_filter(flair.astype("float32"), (0, 1.5, 1.5))
        > 0.9 * flair[masks > 0].mean()
    )
    return slice_viewer(
        flair,
        masks,
        [largest_component(mask) for mask in bright],
        title="A simulated patient, FLAIR",
    )
