"""The sequences of a scan next to each other: one slider and one zoom for all, and boxes around the lesions."""

import plotly.graph_objects as go

from examples.brain_mri.simulation import simulate_patient
from resunet_kit.plots import slice_viewer


def figure() -> go.Figure:
    """Show all three sequences of a simulated patient."""
    patient = simulate_patient(0)
    shown = slice(16, 32)
    return slice_viewer(
        patient.images[shown],
        patient.masks[shown],
        channel_names=["pre-contrast", "FLAIR", "post-contrast"],
        boxes=True,
    )
