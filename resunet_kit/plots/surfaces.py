"""Three-dimensional surface of a lesion in its brain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_mask
from resunet_kit.plots._arrays import as_finite_pixels
from resunet_kit.plots._keyboard import PictureFigure
from resunet_kit.plots._style import COLORS, REFERENCE, say, styled
from resunet_kit.plots._volume_source import PathLike, Volume, read_masks, read_volume

_HEIGHT = 560
_MAX_FACES = 16_000  # of a surface: some 300 kB
_MAX_SIZE = 96  # voxels along the longest axis of what is traced: finer detail is lost at this number of faces
_LESION = COLORS[1]
_AXES = {True: ("Left", "Posterior", "Superior"), False: ("Column", "Row", "Slice")}


def lesion_surface(
    mask: ArrayLike | PathLike,
    brain: ArrayLike | PathLike | None = None,
    *,
    spacing: Sequence[float] | None = None,
    title: str | None = None,
) -> go.Figure:
    """Show the surface of a lesion in its brain, to rotate and zoom.

    The surfaces come from marching cubes on the mask, smoothed and reduced to at most 96 voxels along its longest axis,
    so that each takes some 300 kB. They illustrate the shape: measure volumes on the mask.

    Args:
        mask: `(slices, rows, columns)` as booleans, 0/1 or 0/255; or the path of a NIfTI file.
        brain: The brain around it, drawn transparent: a mask, or an image, of which the largest component above Otsu's
            threshold is taken; on the mask's axes, or the path of a NIfTI file. None for the lesion alone.
        spacing: Distance between slices, rows and columns of an array, in millimetres; None for 1 each. A file has its
            own.
        title: The figure's title; by default the lesion's volume.

    Returns:
        A figure with one trace per surface; the legend switches lesion and brain on and off. For an empty mask, the
        figure shows only the brain and says so.

    Raises:
        TypeError: If an array does not hold numbers, or spacing is of a wrong type.
        ValueError: If sizes differ, a mask holds other values, or the brain holds NaN.

    Example:
        >>> import numpy as np
        >>> mask = np.zeros((12, 12, 12))
        >>> mask[4:8, 4:8, 4:8] = 1
        >>> figure = lesion_surface(mask, np.ones((12, 12, 12)), spacing=(2, 1, 1))
        >>> figure.layout.title.text, [trace.name for trace in figure.data]
        ('Lesion · 0.128 ml', ['Brain', 'Lesion'])

    References:
        Lewiner et al. 2003, Efficient Implementation of Marching Cubes' Cases with Topological Guarantees, by
        `skimage.measure.marching_cubes`.
    """
    stack = read_volume(mask, "mask", spacing=spacing)
    lesion = as_mask(_without_channel(stack.array), name="mask", ndims=(3,))
    surfaces = []
    if brain is not None:
        head = _brain(brain, stack, lesion.shape)
        surfaces.append(_surface(head, stack.spacing, name="Brain", color=REFERENCE, opacity=0.18))
    if lesion.any():
        surfaces.append(_surface(lesion, stack.spacing, name="Lesion", color=_LESION, opacity=1.0))
    figure = PictureFigure(surfaces)
    millilitres = float(lesion.sum() * np.prod(stack.spacing) / 1000)
    said = f"Lesion · {millilitres:.3g} ml" if lesion.any() else "No lesion: the mask is empty"
    styled(figure, title=said if title is None else title, height=_HEIGHT, legend=bool(surfaces))
    if not lesion.any():
        say(figure, "No lesion: the mask is empty", xref="paper", yref="paper")
    if not surfaces:
        figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return figure.update_layout(
        scene=_scene(stack.from_file),
        meta={"pictures": {"height": _HEIGHT, "ratio": 1.0}},
    )


def _without_channel(array: NDArray[Any]) -> NDArray[Any]:
    return array[..., 0] if array.ndim == 4 and array.shape[-1] == 1 else array


def _brain(brain: ArrayLike | PathLike, stack: Volume, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the brain's voxels: a mask unchanged, of an image those above Otsu's threshold in one component."""
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    array = as_finite_pixels(read_masks(brain, "brain", stack, plane=None), "brain")
    array = array[..., 0] if array.ndim == 4 else array
    if array.shape != shape:
        raise ValueError(
            f"Expected brain of the mask's shape {shape}. Received shape {array.shape}. Resample it on the mask's grid."
        )
    low, high = array.min(), array.max()
    if low == high and high == 0:
        raise ValueError("Expected brain with a voxel above 0. Received zeros alone. Leave brain out.")
    if low == high:
        return np.ones(shape, bool)
    array = array / max(abs(low), abs(high))  # Otsu's squares would overflow
    low = array.min()
    bright = array > (low if np.unique(array).size == 2 else threshold_otsu(array))
    labels, _ = ndimage.label(bright)
    largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    filled: NDArray[np.bool_] = ndimage.binary_fill_holes(largest)
    return filled


def _surface(mask: NDArray[np.bool_], spacing: Sequence[float], *, name: str, color: str, opacity: float) -> Any:
    corners, faces = _mesh(mask, spacing)
    small = np.uint16 if len(corners) < 2**16 else np.uint32
    i, j, k = (faces[:, corner].astype(small) for corner in range(3))
    z, y, x = (corners[:, axis].astype(np.float32) for axis in range(3))
    return go.Mesh3d(
        x=x,
        y=y,
        z=z,
        i=i,
        j=j,
        k=k,
        name=name,
        color=color,
        opacity=opacity,
        showlegend=True,
        hoverinfo="name",
        lighting={"ambient": 0.45, "diffuse": 0.7, "specular": 0.15, "roughness": 0.7},
        lightposition={"x": 1000, "y": -1000, "z": 2000},
    )


def _mesh(mask: NDArray[np.bool_], spacing: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the corners `(n, 3)` of a mask's surface in the unit of spacing, and its triangles `(m, 3)`."""
    from scipy import ndimage
    from skimage.measure import marching_cubes

    filled = np.argwhere(mask)
    first, last = filled.min(axis=0), filled.max(axis=0) + 1
    part = mask[tuple(slice(a, b) for a, b in zip(first, last, strict=True))].astype(np.float32)
    extent = np.array(part.shape) * spacing
    step = extent.max() / _MAX_SIZE
    while True:
        factors = np.maximum(1, np.round(step / np.array(spacing)).astype(int))
        coarse = ndimage.gaussian_filter(np.pad(_pooled(part, factors), 2), 0.6)
        level = min(0.5, float(coarse.max()) / 2)  # a lesion of one voxel has a surface too
        corners, faces, _, _ = marching_cubes(coarse, level, allow_degenerate=False)
        if len(faces) <= _MAX_FACES or min(coarse.shape) < 12:
            break
        step *= 1.25
    voxels = (corners - 2) * factors + (factors - 1) / 2 + first
    return voxels * spacing, faces


def _pooled(part: NDArray[np.float32], factors: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return means over blocks of voxels."""
    if (factors == 1).all():
        return part
    sizes = -(-np.array(part.shape) // factors)
    padded = np.pad(part, [(0, int(gap)) for gap in sizes * factors - part.shape])
    shape = [int(size) for pair in zip(sizes, factors, strict=True) for size in pair]
    pooled: NDArray[np.float32] = padded.reshape(shape).mean(axis=(1, 3, 5))
    return pooled


def _scene(from_file: bool) -> dict[str, Any]:
    axes = {
        f"{letter}axis": {
            "title": {"text": name, "font": {"size": 12}},
            "showbackground": False,
            "gridcolor": REFERENCE,
            "showticklabels": False,
            "showspikes": False,
            "color": REFERENCE,
        }
        for letter, name in zip("xyz", _AXES[from_file], strict=True)
    }
    # So far away that the axes' titles are not cut off in a narrow column.
    camera = {"eye": {"x": 1.5, "y": -1.62, "z": 0.6}, "center": {"x": -0.12, "y": -0.11, "z": -0.1}}
    return {**axes, "aspectmode": "data", "camera": camera}
