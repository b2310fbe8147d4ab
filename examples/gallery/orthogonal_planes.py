"""The three planes of a volume through its tumour, as wide and high as they are in the patient."""

import plotly.graph_objects as go

from examples.brain_mri.simulation import simulate_patient
from resunet_kit.plots import orthogonal_planes


def figure() -> go.Figure:
    """Show FLAIR of a simulated patient."""
    patient = simulate_patient(0)
    return orthogonal_planes(
        patient.images,
        patient.masks,
        channel=1,
        spacing=(5, 0.9, 0.9),
        title="A simulated patient, FLAIR",
    )
