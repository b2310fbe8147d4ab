"""Heat maps over images: uncertainty, Grad-CAM, probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.colors import get_colorscale, sample_colorscale, unlabel_rgb

from resunet_kit._shared.groups import entries
from resunet_kit._shared.numbers import number, text
from resunet_kit.plots._arrays import as_finite_pixels, as_image, as_mask, same_shape
from resunet_kit.plots._controls import fit_pictures, opacity_slider
from resunet_kit.plots._keyboard import PictureFigure
from resunet_kit.plots._layers import Region, frame_axes, legend_name
from resunet_kit.plots._png import indexed_uri
from resunet_kit.plots._scene import mask_traces, picture_height, picture_traces
from resunet_kit.plots._style import PREDICTION, REFERENCE, TRUTH, literal

_BAR = 72  # pixels that the colour bar takes
_COLORS = 64  # of the palette: more could not be told apart under an image


def heatmap_overlay(
    image: ArrayLike,
    heatmap: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    prediction: ArrayLike | None = None,
    name: str = "Value",
    value_range: Sequence[float] | None = None,
    colorscale: str = "Inferno",
    opacity: float = 0.5,
    title: str | None = None,
) -> go.Figure:
    """Show an image under a heat map, such as the uncertainty of a model or the evidence for its decision.

    For maps from `inference.grad_cam` and `occlusion`, and for the standard deviation, entropy or mutual information
    from `predict_tta`, `predict_mc_dropout` and `predict_ensemble`. A slider changes the map's opacity, and
    hovering shows the values of map and image. Up to 256 x 256 pixels take less than 150 kB.

    Args:
        image: `(height, width)`, `(height, width, 1)` or `(height, width, 3)`. uint8 and floats in [0, 1] are shown
            unchanged, other values are stretched by their range.
        heatmap: `(height, width)` or `(height, width, 1)`, finite.
        mask: A true mask to outline, of booleans, 0/1 or 0/255.
        prediction: A predicted mask to outline.
        name: Name of the map, such as "Standard deviation", shown at the colour bar and on hover.
        value_range: The values of the lowest and the highest colour, to make maps comparable; None for the map's own.
        colorscale: Name of one of Plotly's colour scales. Inferno and similar ones are readable without colour vision.
        opacity: Initial opacity of the map, in [0, 1], to one decimal.
        title: The figure's title.

    Returns:
        A figure with a colour bar; the legend switches the outlines on and off.

    Raises:
        TypeError: If an array does not hold numbers, or an option is of a wrong type.
        ValueError: If sizes differ, a value is NaN or infinite, a mask holds other values, or an option is out of
            range.

    Example:
        >>> import numpy as np
        >>> figure = heatmap_overlay(np.zeros((8, 8)), np.eye(8) / 2, name="Entropy")
        >>> figure.data[-1].marker.cmax, figure.data[-1].marker.colorbar.title.text
        (0.5, 'Entropy')
    """
    text("name", name)
    picture, values = as_image(image), _as_heatmap(heatmap)
    same_shape(picture, values, "heatmap", method="bilinear")
    low, high = _range(values, value_range)
    start = round(number("opacity", opacity, "[0, 1]"), 1)
    colors = _palette(colorscale)
    drawn, _toggles, names = mask_traces(_outlines(picture, mask, prediction))
    cover = go.Image(source=_colored(values, low, high, colors), opacity=start, hoverinfo="skip", name=name)
    taken = len(cover.source) + sum(len(trace.to_json()) for trace in drawn)
    base, hovering = picture_traces(image, picture, {name: values}, taken=taken)
    bar = _color_bar(low, high, colorscale, literal(name))
    figure = PictureFigure([base, cover, *drawn, *hovering, bar])
    frame_axes(figure, picture.shape)
    fit_pictures(
        figure,
        title=title,
        size=picture.shape[:2],
        height=picture_height(picture.shape[:2]),
        sliders=[opacity_slider([1], start)],
        legend=names,
    )
    return figure.update_layout(margin_r=_BAR)


def _as_heatmap(heatmap: ArrayLike) -> NDArray[np.float64]:
    values = as_finite_pixels(heatmap, "heatmap")
    values = values[..., 0] if values.ndim == 3 and values.shape[-1] == 1 else values
    if values.ndim != 2:
        raise ValueError(
            f"Expected heatmap of shape (height, width). Received shape {values.shape}. Select one image and one "
            "class, as in `result.std[0, ..., 1]`."
        )
    return values


def _range(values: NDArray[np.float64], given: Any) -> tuple[float, float]:
    if given is None:
        low, high = float(values.min()), float(values.max())
        return (low, high) if high > low else (low, low + 1.0)  # a constant map has the lowest colour
    ends = entries("value_range", given)
    if len(ends) != 2:
        raise ValueError(f"Expected value_range as two numbers. Received {len(ends)}. Pass a pair, as in `(0, 1)`.")
    low, high = (number(f"value_range[{index}]", end, "(-inf, inf)") for index, end in enumerate(ends))
    if low >= high:
        cure = "Swap them." if low > high else "Pass two different numbers."
        raise ValueError(f"Expected value_range from low to high. Received {(low, high)}. {cure}")
    return low, high


def _palette(colorscale: str) -> list[tuple[int, int, int, int]]:
    from plotly.exceptions import PlotlyError

    if not isinstance(colorscale, str):
        raise TypeError(f"Expected colorscale as a name. Received {colorscale!r}. Pass one such as 'Viridis'.")
    try:
        scale = get_colorscale(colorscale)
    except PlotlyError as error:
        raise ValueError(
            f"Expected colorscale to be one of Plotly's. Received {colorscale!r}. Pass 'Inferno' or 'Viridis'."
        ) from error
    found = sample_colorscale(scale, np.linspace(0, 1, _COLORS).tolist())
    return [(*(round(channel) for channel in unlabel_rgb(color)), 255) for color in found]


def _colored(values: NDArray[np.float64], low: float, high: float, colors: Sequence[Any]) -> str:
    fraction = np.clip((values - low) / (high - low), 0, 1)
    return indexed_uri(np.round(fraction * (len(colors) - 1)).astype(np.uint8), colors)


def _outlines(
    picture: NDArray[np.uint8], mask: ArrayLike | None, prediction: ArrayLike | None
) -> dict[str, list[Region]]:
    found = {}
    for name, given, color in (("Truth", mask, TRUTH), ("Prediction", prediction, PREDICTION)):
        if given is not None:
            argument = {"Truth": "mask"}.get(name, "prediction")
            checked = as_mask(given, argument)
            same_shape(picture, checked, argument)
            found[name] = [Region(checked, legend_name(name, checked), color, fill=0.0, hover=name)]
    return found


def _color_bar(low: float, high: float, colorscale: str, name: str) -> Any:
    """Return an invisible point with the colour bar, which pictures do not have."""
    look = {"title": {"text": name, "side": "right"}, "thickness": 12, "x": 1.0, "xpad": 6, "outlinewidth": 0}
    marker = {
        "color": [low],
        "cmin": low,
        "cmax": high,
        "colorscale": colorscale,
        "showscale": True,
        "size": 0.1,
        "colorbar": {**look, "tickfont": {"color": REFERENCE}},
    }
    return go.Scatter(x=[None], y=[None], mode="markers", marker=marker, showlegend=False, hoverinfo="skip")
