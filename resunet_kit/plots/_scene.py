"""One picture under its masks: the traces, the buttons, and the text shown on hover."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit.plots._arrays import as_image, as_probability, same_shape
from resunet_kit.plots._controls import OPACITY, Toggle, fit_pictures, opacity_slider
from resunet_kit.plots._keyboard import PictureFigure
from resunet_kit.plots._label_maps import IGNORED, Labels, class_color
from resunet_kit.plots._layers import (
    Region,
    edge_limit,
    edges,
    frame_axes,
    image_trace,
    picture_of,
    region_trace,
)
from resunet_kit.plots._png import fitted_uris, picture_limit
from resunet_kit.plots._style import COLORS, say
from resunet_kit.plots._values import number_traces, picture_template

ERROR = COLORS[1]
_ERROR = "Error"
_HEIGHT = 560  # of a square picture, in pixels
_WIDTH = 1000  # of a page's column: wider pictures are lower
_MIN_HEIGHT = 160
_JSON = 143_000  # bytes of a figure of up to 256 x 256 pixels, without its layout
_PIXELS = 256 * 256
_LISTED = 13 * 5  # bytes: a trace's index in 11 steps and 2 states of a button

Groups = Mapping[str, Sequence[Region]]


def draw_scene(
    image: ArrayLike,
    groups: Groups,
    *,
    title: str | None,
    buttons: bool = False,
    hover: Mapping[str, NDArray[Any]] | None = None,
    labels: Mapping[str, NDArray[Any]] | None = None,
    note: str = "",
) -> go.Figure:
    """Return a figure of an image under groups of regions, with a slider for their opacity.

    Args:
        image: An image that `as_image` accepts.
        groups: Regions that are shown and hidden together, such as truth and prediction.
        title: Title of the figure.
        buttons: Whether a button switches each group, because the legend switches classes.
        hover: Numbers `(height, width)` by name, shown on hover.
        labels: Masks or label maps by name, whose values are shown on hover where there are too many regions for
            outlines.
        note: A sentence on the picture, for what is missing.
    """
    picture = as_image(image)
    pictured = _pictured(groups, picture.shape)
    keyed = any(len(groups[name]) > 1 for name in pictured)  # classes without outlines, which only a legend names
    groups = _without_overlap(groups) if keyed else groups
    drawn, toggles, names = mask_traces(groups, pictured=pictured)
    said = {**(hover or {}), **{name: values for name, values in (labels or {}).items() if name in pictured}}
    base, hovering = picture_traces(image, picture, said, taken=_bytes_of(drawn))
    figure = PictureFigure([base, *drawn, *hovering])
    frame_axes(figure, picture.shape)
    if note:
        say(figure, note, bgcolor="#FFFFFF")
    figure = fit_pictures(
        figure,
        title=title,
        size=picture.shape[:2],
        height=picture_height(picture.shape[:2]),
        sliders=[opacity_slider(range(1, len(drawn) + 1))] if drawn else [],
        toggles={name: toggles[name] for name in toggles if keyed or name in pictured or _has_button(name, buttons)},
        legend=names,
    )
    # What is drawn as a picture has no outline for the legend to switch: only buttons can.
    return figure.update_layout(legend={"itemclick": False, "itemdoubleclick": False}) if keyed else figure


def _bytes_of(drawn: Sequence[Any]) -> int:
    """Return the bytes of JSON that traces take, and their indices in the slider's steps and the buttons."""
    return len(go.Figure(drawn).to_json()) + _LISTED * len(drawn)


def _has_button(name: str, buttons: bool) -> bool:
    return buttons and name != _ERROR  # the legend switches errors, which have no class


def _pictured(groups: Groups, shape: tuple[int, ...]) -> set[str]:
    """Return the groups to draw as pictures, because the outlines of those before have used up the room for them."""
    found, used = set(), 0
    for name, regions in groups.items():
        length = sum(edges(region.mask) for region in regions)
        if used + length > edge_limit(shape):
            found.add(name)
        else:
            used += length
    return found


def picture_traces(
    image: ArrayLike, picture: NDArray[np.uint8], said: Mapping[str, NDArray[Any]], *, taken: int
) -> tuple[Any, list[Any]]:
    """Return the trace of a picture, and invisible ones that show numbers on hover, all within the bytes of a figure.

    Args:
        image: As the user passed it.
        picture: The same as uint8.
        said: More numbers `(height, width)` to show on hover, by name.
        taken: Bytes of JSON that other traces take.
    """
    array = np.asarray(image)
    numbers = {} if picture.ndim == 3 or array.dtype == np.uint8 else {"Value": array.reshape(picture.shape)}
    room = _JSON * max(1.0, picture.shape[0] * picture.shape[1] / _PIXELS) - taken
    parts = 1.35 if numbers or said else 1.0
    uris, levels = fitted_uris([picture], picture_limit(picture.shape, parts=parts))
    room -= len(uris[0])
    traces: list[Any] = []
    for name, values in {**said, **numbers}.items():
        found = number_traces(values, name, room=round(room))
        room -= sum(len(trace.source) for trace in found)
        traces += found
        if name == "Value" and found:
            return image_trace(picture, uri=uris[0], hover=""), traces
    template = picture_template(levels, 1 if picture.ndim == 2 else 3, exact=array.dtype == np.uint8)
    return image_trace(picture, uri=uris[0], hover=template), traces


def picture_height(size: tuple[float, ...]) -> int:
    """Return the height in pixels of pictures of this height and width, in any unit."""
    return round(max(_MIN_HEIGHT, min(_HEIGHT, _WIDTH * size[0] / size[1])))


def probabilities(probability: ArrayLike | None, picture: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Return the probabilities shown on hover, if there are any."""
    if probability is None:
        return {}
    values = as_probability(probability, "probability")
    same_shape(picture, values, "probability")
    return {"Probability": values}


def mask_traces(groups: Groups, *, pictured: Container[str] = ()) -> tuple[list[Any], dict[str, Toggle], list[str]]:
    """Return the traces of all groups, the toggle of each group, and the names in the legend.

    Args:
        groups: Their regions by name.
        pictured: The groups that are drawn as pictures. For a single region, the button is its entry in the legend.
    """
    traces: list[Any] = []
    toggles, names = {}, []
    for name, regions in groups.items():
        first = len(traces)
        as_picture = name in pictured
        listed = [region for region in regions if region.in_legend and not (as_picture and len(regions) == 1)]
        traces += [region_trace(region, empty=as_picture) for region in (listed if as_picture else regions)]
        traces += [picture_of(regions)] if as_picture else []
        names += [region.name for region in listed]
        color = regions[0].color if len(regions) == 1 else IGNORED
        shown = range(first + 1, len(traces) + 1)  # after the image
        toggles[name] = Toggle(list(shown), color, all(region.on for region in regions))
    for trace in traces:
        trace.opacity = OPACITY
    return traces, toggles, names


def _without_overlap(groups: Groups) -> Groups:
    """Return the groups with only the first shown initially: filled classes over filled classes cannot be read."""
    return {
        name: regions if index == 0 else [dataclasses.replace(region, on=False) for region in regions]
        for index, (name, regions) in enumerate(groups.items())
    }


def class_regions(labels: Labels) -> dict[str, list[Region]]:
    """Return the regions of label maps: the truth filled, the prediction as dotted outlines, ignored pixels in grey."""
    found: dict[str, list[Region]] = {"Truth": [], "Prediction": []}
    for label, name in labels.names.items():
        truth = labels.truth == label
        drawn = bool(truth.any())
        look: dict[str, Any] = {"color": class_color(label), "group": str(label)}
        if drawn:
            found["Truth"].append(Region(truth, name, fill=0.5, hover=f"{name} (truth)", **look))
        if labels.prediction is not None and (predicted := labels.prediction == label).any():
            found["Prediction"].append(
                Region(
                    predicted,
                    name,
                    fill=0.0,
                    hover=f"{name} (prediction)",
                    dash="dot",
                    in_legend=not drawn,
                    **look,
                )
            )
    if labels.ignored is not None and labels.ignored.any():
        found["Truth"].append(Region(labels.ignored, "Ignored", IGNORED, fill=0.5, hover="ignored", group="ignored"))
    return {name: regions for name, regions in found.items() if regions}


def wrong_pixels(labels: Labels) -> NDArray[np.bool_]:
    """Return where truth and prediction differ, ignored pixels left out."""
    if labels.prediction is None:
        return np.zeros(labels.truth.shape, bool)
    wrong = labels.truth != labels.prediction
    return wrong if labels.ignored is None else wrong & ~labels.ignored
