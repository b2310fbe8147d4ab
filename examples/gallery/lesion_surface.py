"""A tumour in its head, in three dimensions: rotate it with the mouse."""

import plotly.graph_objects as go

from examples.brain_mri.simulation import simulate_patient
from resunet_kit.plots import lesion_surface


def figure() -> go.Figure:
    """Show the tumour of a simulated patient."""
    patient = simulate_patient(0)
    head = patient.images[..., 1]
    return lesion_surface(patient.masks, head, spacing=(5, 0.9, 0.9))
