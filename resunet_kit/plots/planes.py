"""The three orthogonal planes of a volume through one point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from resunet_kit._shared.mask_checks import as_mask
from resunet_kit._shared.numbers import integer, integers
from resunet_kit.plots._arrays import as_images
from resunet_kit.plots._controls import fit_pictures
from resunet_kit.plots._keyboard import PictureFigure
from resunet_kit.plots._layers import Region, frame_axes, image_trace, legend_name, region_trace
from resunet_kit.plots._png import fitted_uris, picture_limit
from resunet_kit.plots._scene import picture_height
from resunet_kit.plots._slices import clipped
from resunet_kit.plots._style import PREDICTION, REFERENCE, TRUTH
from resunet_kit.plots._values import picture_template
from resunet_kit.plots._volume_source import PathLike, Volume, read_masks, read_volume

_GAP = 0.03
# Of a stack of slices: its own plane, that of its rows, and that of its columns.
_NAMES = {True: ("Axial", "Coronal", "Sagittal"), False: ("Slice", "Row", "Column")}


def orthogonal_planes(
    volume: ArrayLike | PathLike,
    mask: ArrayLike | PathLike | None = None,
    prediction: ArrayLike | PathLike | None = None,
    *,
    position: Sequence[int] | None = None,
    spacing: Sequence[float] | None = None,
    channel: int = 0,
    title: str | None = None,
) -> go.Figure:
    """Show the three orthogonal planes of a volume through one point, marked by a crosshair in each.

    Args:
        volume: `(slices, rows, columns)` or `(slices, rows, columns, channels)`; or the path of a NIfTI file, shown in
            radiological convention, the patient's right on the left. uint8 and floats in [0, 1] are shown unchanged,
            other values are stretched by the volume's range; those of a file, by the range of all but one in a thousand
            values.
        mask: The true mask, as booleans, 0/1 or 0/255, on the volume's axes; or the path of a NIfTI file.
        prediction: The predicted mask, in the same form.
        position: The point as indices of slice, row and column; for a file, along its own axes, as in the array that
            `read_image` returns. None for the centre of the largest plane of the true mask, else of the predicted mask,
            or of the volume if both are empty.
        spacing: Distance between slices, rows and columns of an array, in any unit, so that pixels are drawn to scale.
            None for 1 each. A file has its own.
        channel: The channel to show, by index.
        title: The figure's title.

    Returns:
        A figure with three panels; the legend switches truth, prediction and crosshair on and off.

    Raises:
        TypeError: If an array does not hold numbers, or an option is of a wrong type.
        ValueError: If sizes differ, an option is out of range, or a mask holds other values.

    Example:
        >>> import numpy as np
        >>> figure = orthogonal_planes(np.zeros((4, 6, 8)), position=(1, 2, 3), spacing=(5, 1, 1))
        >>> [note.text for note in figure.layout.annotations]
        ['Slice<br>2 of 4', 'Row<br>3 of 6', 'Column<br>4 of 8']
    """
    stack = read_volume(volume, "volume", spacing=spacing)
    array = stack.array if stack.array.ndim == 4 else stack.array[..., None]
    channel = integer("channel", channel, f"[0, {array.shape[-1] - 1}]")
    pictures = np.stack(as_images(clipped(array[..., channel], stack), "volume"))
    masks = _masks(stack, {"mask": mask, "prediction": prediction})
    point = _point(stack, masks) if position is None else _given_point(position, stack)
    planes = [_plane(pictures, axis, point) for axis in range(3)]
    uris, levels = fitted_uris(planes, sum(picture_limit(plane.shape, parts=1.5) for plane in planes))
    names = [
        f"{name}<br>{point[axis] + 1} of {pictures.shape[axis]}" for axis, name in enumerate(_NAMES[stack.from_file])
    ]
    sizes = [_size(pictures.shape, stack.spacing, axis) for axis in range(3)]
    figure = PictureFigure(
        make_subplots(
            rows=1, cols=3, subplot_titles=names, horizontal_spacing=_GAP, column_widths=[w for _, w in sizes]
        )
    )
    hover = picture_template(levels, 1, exact=array.dtype == np.uint8)
    for axis, plane in enumerate(planes):
        traces = [image_trace(plane, uri=uris[axis], hover=hover)]
        traces += [region_trace(region) for region in _regions(masks, axis, point)]
        traces += [_crosshair(plane.shape, axis, point)]
        figure.add_traces(traces, rows=1, cols=axis + 1)
        rows, columns = _other_axes(axis)
        frame_axes(figure, plane.shape, row=1, col=axis + 1, aspect=stack.spacing[rows] / stack.spacing[columns])
    figure.update_annotations(font_size=13)
    size = (max(height for height, _ in sizes), sum(width for _, width in sizes) * 1.06)
    return fit_pictures(
        figure,
        title=title,
        size=size,
        height=picture_height(size),
        legend=[*(region.name for region in _regions(masks, 0, point)), "Crosshair"],
        panel_title_lines=2,
        panels=(3, 3),
        min_width=220,
        ratios=[height / width for height, width in sizes],
    )


def _other_axes(axis: int) -> tuple[int, int]:
    """Return the axes of a plane's rows and columns."""
    return ((1, 2), (0, 2), (0, 1))[axis]


def _plane(array: NDArray[Any], axis: int, point: Sequence[int]) -> NDArray[Any]:
    """Return a plane; slices are counted upwards, so that planes across them have the last slice at the top."""
    plane: NDArray[Any] = np.take(array, point[axis], axis=axis)
    return plane[::-1] if axis > 0 else plane


def _size(shape: Sequence[int], spacing: Sequence[float], axis: int) -> tuple[float, float]:
    rows, columns = _other_axes(axis)
    return shape[rows] * spacing[rows], shape[columns] * spacing[columns]


def _masks(stack: Volume, given: dict[str, Any]) -> dict[str, NDArray[np.bool_]]:
    found = {}
    for name, value in given.items():
        if value is None:
            continue
        mask = as_mask(read_masks(value, name, stack, plane=None), name=name, ndims=(3,))
        if mask.shape != stack.array.shape[:3]:
            raise ValueError(
                f"Expected {name} of the volume's shape {stack.array.shape[:3]}. Received {mask.shape}. Resample it "
                "with the nearest method."
            )
        found[name] = mask
    return found


def _point(stack: Volume, masks: dict[str, NDArray[np.bool_]]) -> tuple[int, ...]:
    for mask in masks.values():
        if mask.any():  # a pixel of the mask itself, so that all three planes show it
            best = int(np.argmax(mask.sum(axis=(1, 2))))
            rows, columns = np.nonzero(mask[best])
            middle = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
            return best, int(rows[middle]), int(columns[middle])
    return tuple(size // 2 for size in stack.array.shape[:3])


def _given_point(position: Sequence[int], stack: Volume) -> tuple[int, ...]:
    found = integers("position", position, "[0, inf)")
    shape = stack.array.shape[:3]
    if len(found) != 3:
        raise ValueError(f"Expected position as slice, row and column. Received {found}. Pass three indices.")
    point = [found[axis] for axis in stack.orientation.axes]
    for axis, (index, size) in enumerate(zip(point, shape, strict=True)):
        if index >= size:
            raise ValueError(f"Expected position within the volume {shape}. Received {found}. Indices count from 0.")
        if stack.orientation.flipped[axis]:
            point[axis] = size - 1 - index
    return tuple(point)


def _regions(masks: dict[str, NDArray[np.bool_]], axis: int, point: Sequence[int]) -> list[Region]:
    """Return the masks' regions in a plane, which the first plane's legend names."""
    looks = {"mask": ("Truth", TRUTH, 0.3), "prediction": ("Prediction", PREDICTION, 0.15)}
    return [
        Region(
            _plane(mask, axis, point),
            legend_name(look, mask),
            color,
            fill,
            group=look,
            hover=look,
            in_legend=axis == 0,
        )
        for name, mask in masks.items()
        for look, color, fill in [looks[name]]
    ]


def _crosshair(shape: tuple[int, ...], axis: int, point: Sequence[int]) -> Any:
    rows, columns = _other_axes(axis)
    x = point[columns]
    y = shape[0] - 1 - point[rows] if axis > 0 else point[rows]
    return go.Scatter(
        x=[x, x, None, -0.5, shape[1] - 0.5],
        y=[-0.5, shape[0] - 0.5, None, y, y],
        mode="lines",
        line={"color": REFERENCE, "width": 1, "dash": "dot"},
        name="Crosshair",
        legendgroup="crosshair",
        showlegend=axis == 0,
        hoverinfo="skip",
    )
