"""Where a tiled prediction differs from that of the whole image: at the seams, unless the margin hides them."""

from typing import Any

import keras
import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from skimage import data
from skimage.transform import resize

from examples.guides.axes import with_axes
from resunet_kit.inference import predict_tiled
from resunet_kit.models import res_unet

WAYS: dict[str, dict[str, Any]] = {
    "No overlap": {"overlap": 0.0, "blend": "constant"},
    "Gaussian weights, overlap 0.5": {"overlap": 0.5, "blend": "gaussian"},
    'margin="auto"': {"margin": "auto"},
}


def figure() -> go.Figure:
    """Draw the difference, in thousandths, on a photograph, for a small network with random weights."""
    keras.utils.set_random_seed(0)
    model = res_unet((None, None, 1), filters=(4, 8, 16), norm=None)
    image = resize(data.camera(), (128, 128))[..., None].astype("float32")
    whole = model.predict_on_batch(image[None])[0, ..., 0]
    drawn = make_subplots(1, 3, subplot_titles=list(WAYS), horizontal_spacing=0.02)
    for column, options in enumerate(WAYS.values(), start=1):
        tiled = predict_tiled(model, image, tile=64, **options)[..., 0]
        difference = (1000 * np.abs(tiled - whole)).clip(0, 255).astype("uint8")
        drawn.add_heatmap(z=difference, coloraxis="coloraxis", row=1, col=column)
    with_axes(drawn, "", "", height=300, coloraxis={"colorscale": "Cividis", "colorbar": {"title": "× 0.001"}})
    drawn.update_yaxes(autorange="reversed", scaleanchor="x", visible=False, constrain="domain")
    drawn.update_yaxes(scaleanchor="x2", col=2).update_yaxes(scaleanchor="x3", col=3)
    return drawn.update_xaxes(visible=False, constrain="domain").update_annotations(font_size=12)
