"""The stages of a residual U-Net with attention gates: sizes of the feature maps, channels and parameters."""

import plotly.graph_objects as go

from resunet_kit.models import res_unet
from resunet_kit.plots import architecture_diagram


def figure() -> go.Figure:
    """Draw a network for images of any size, at 256 × 256 pixels."""
    model = res_unet((None, None, 3), filters=(16, 32, 64, 128), skip="attention")
    return architecture_diagram(model, input_shape=(256, 256, 3))
