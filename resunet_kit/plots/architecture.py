"""Architecture diagram: a network's stages with the sizes of their feature maps, channels and parameters."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from resunet_kit._shared.numbers import integers
from resunet_kit.plots._model_stages import Level, Shape, Stage, Stages, group, is_graph, steps_of
from resunet_kit.plots._style import COLORS, REFERENCE, styled

_ROW = 62  # pixels of a row's height
_HALF = 0.29  # of a row's height, half of a bar's
_GAP = 0.12  # between both columns, of the figure's width
_COLORS = {"Encoder": COLORS[0], "Decoder": "#007A59", "Head": "#9C4F7E"}  # dark enough for white text
_AXES = {0: "values", 1: "length", 2: "height × width", 3: "depth × height × width"}
_MAX_KINDS = 6  # kinds of layers that the hover text lists


def architecture_diagram(
    model: Any, *, input_shape: Sequence[int] | None = None, title: str | None = None
) -> go.Figure:
    """Draw a network's stages: the size of their feature maps, their channels, layers and parameters.

    Layers whose feature maps have the same size form one stage, so that a network of hundreds of layers fits a phone.
    Each size has a row, the largest at the top: the encoder is on the left, what is enlarged again on the right, and
    what is pooled over all positions, such as a classifier's head, at the bottom. Arrows are connections.
    Squeeze-and-excitation layers belong to their stage; nested models are expanded. Channels are those that the next
    stage takes or, for the last stage, those of its output.

    Args:
        model: A functional or Sequential Keras model of one input or several, for images or volumes, channels last.
        input_shape: The image's shape without the batch axis, such as `(256, 256, 3)`: required for a model of variable
            size, whose feature maps have no size otherwise.
        title: The figure's title; by default the model's name and its number of parameters.

    Returns:
        A figure with one bar trace for each of "Encoder", "Decoder" and "Head" that the model has, with one bar per
        stage.

    Raises:
        TypeError: If the model is not a functional or Sequential Keras model that is built, or input_shape is not a
            sequence of integers.
        ValueError: If the size is variable and input_shape is missing, or input_shape does not fit the model.

    Example:
        >>> from resunet_kit.models import res_unet
        >>> figure = architecture_diagram(res_unet((32, 32, 1), filters=(4, 8)))
        >>> [(trace.name, [text.split("<br>")[0] for text in trace.text]) for trace in figure.data]
        [('Encoder', ['32 × 32 · 4', '16 × 16 · 8']), ('Decoder', ['32 × 32 · 1'])]

    References:
        Ronneberger, Fischer and Brox (2015), "U-Net: convolutional networks for biomedical image segmentation",
        MICCAI, figure 1.
    """
    if not is_graph(model):
        inner = is_graph(getattr(model, "model", None))  # the model inside what accelerate returned
        cure = "Pass its attribute .model." if inner else "Build it with keras.Model(inputs, outputs)."
        raise TypeError(
            "Expected a functional or Sequential Keras model, whose layers can be followed. Received "
            f"{type(model).__name__}. {cure}"
        )
    found = group(steps_of(model, _input_shapes(model, input_shape)))
    rows = _rows(found.stages)
    total = sum(stage.parameters for stage in found.stages)
    figure = go.Figure(
        [_bars(found.stages, rows, side, total) for side in _COLORS if any(s.side == side for s in found.stages)]
    )
    for start, end in sorted(found.edges):
        _connect(figure, found, rows, start, end)
    name = getattr(model, "name", None) or type(model).__name__
    count, dimensions = 1 + max(rows.values()), max(len(stage.size) for stage in found.stages)
    styled(
        figure,
        title=f"{name} · {_short(total)} parameters<br>{_AXES[dimensions]} · channels" if title is None else title,
        height=_ROW * count + 20,
        legend=True,
        barmode="overlay",
        hovermode="closest",
    )
    figure.update_xaxes(visible=False, range=[0, 1], fixedrange=True)
    return figure.update_yaxes(visible=False, range=[count - 0.5, -0.5], fixedrange=True)


def _input_shapes(model: Any, input_shape: Sequence[int] | None) -> list[Shape]:
    """Return the shape of each input with a batch axis, all sizes known."""
    own = [tuple(tensor.shape) for tensor in model.inputs]
    if input_shape is None:
        if any(size is None for shape in own for size in shape[1:]):
            raise ValueError(
                f"Expected input_shape for a model of variable size {own[0][1:]}. Received None. Pass the size of your "
                "images, such as input_shape=(256, 256, 3)."
            )
        return own
    given = integers("input_shape", input_shape, "[1, inf)")
    for shape in own:
        if len(given) != len(shape) - 1 or any(b not in (None, a) for a, b in zip(given, shape[1:], strict=True)):
            raise ValueError(
                f"Expected input_shape that fits the model's input {shape[1:]}. Received {given}. Leave out the batch "
                "axis, and keep the sizes that the model fixes."
            )
    return [(shape[0], *given) for shape in own]


def _rows(stages: list[Stage]) -> dict[Level, int]:
    """Return the row of each size, the largest on top and the head at the bottom."""
    levels = {stage.level for stage in stages}
    ordered = sorted(levels, key=lambda level: (not level, sum(level), level))
    return {level: row for row, level in enumerate(ordered)}


def _span(stages: list[Stage], stage: Stage) -> tuple[float, float]:
    """Return left and right end of a stage's bar."""
    if not any(other.side == "Decoder" for other in stages):
        return 0.15, 0.85
    return (0.5 + _GAP / 2, 1.0) if stage.side == "Decoder" else (0.0, 0.5 - _GAP / 2)


def _bars(stages: list[Stage], rows: dict[Level, int], side: str, total: int) -> Any:
    drawn = [stage for stage in stages if stage.side == side]
    spans = [_span(stages, stage) for stage in drawn]
    return go.Bar(
        x=[right - left for left, right in spans],
        base=[left for left, _ in spans],
        y=[rows[stage.level] for stage in drawn],
        width=2 * _HALF,
        orientation="h",
        name=side,
        marker={"color": _COLORS[side], "cornerradius": 4},
        text=[_text(stage) for stage in drawn],
        textposition="inside",
        insidetextanchor="middle",
        insidetextfont={"color": "white", "size": 12},
        constraintext="none",
        textangle=0,
        customdata=[_details(stage, total) for stage in drawn],
        hovertemplate=f"<b>{side}</b> · %{{customdata}}<extra></extra>",
    )


def _text(stage: Stage) -> str:
    channels = stage.passed_on or stage.channels
    first = f"{_size(stage)} · {channels}" if stage.size else f"{channels} outputs"
    return f"{first}<br>{_short(stage.parameters)} parameters"


def _size(stage: Stage) -> str:
    return " × ".join(map(str, stage.size))


def _details(stage: Stage, total: int) -> str:
    """Return what the hover text says: exact parameters, and how many layers of which classes."""
    common = stage.kinds.most_common(_MAX_KINDS)
    others = sum(stage.kinds.values()) - sum(count for _, count in common)
    kinds = [f"{count} {kind}" for kind, count in common] + ([f"{others} others"] if others else [])
    lines = [", ".join(kinds[start : start + 2]) for start in range(0, len(kinds), 2)]
    share = f"{stage.parameters:,} parameters, {stage.parameters / max(total, 1):.1%} of all"
    return "<br>".join([_size(stage) or "vectors", share, *lines])


def _short(count: int) -> str:
    """Return a count in thousands or millions.

    Example:
        >>> _short(812), _short(31_040), _short(2_510_000)
        ('812', '31 k', '2.51 M')
    """
    if count < 1000:
        return f"{count}"
    return f"{count / 1000:.3g} k" if count < 1_000_000 else f"{count / 1_000_000:.3g} M"


def _connect(figure: go.Figure, found: Stages, rows: dict[Level, int], start: int, end: int) -> None:
    """Draw an arrow from the edge of one bar to the edge of another."""
    first, last = found.stages[start], found.stages[end]
    (left, right), (to_left, to_right) = _span(found.stages, first), _span(found.stages, last)
    y, to_y = float(rows[first.level]), float(rows[last.level])
    if left == to_left:  # one column: from row to row, those that skip rows next to the others
        step = 1 if to_y > y else -1
        x = (left + right) / 2 + 0.1 * (right - left) * (abs(to_y - y) - 1)
        _arrow(figure, (x, y + step * _HALF), (x, to_y - step * _HALF))
    else:
        forth = left < to_left
        _arrow(figure, (right if forth else left, y), (to_left if forth else to_right, to_y))


def _arrow(figure: go.Figure, start: tuple[float, float], end: tuple[float, float]) -> None:
    figure.add_annotation(
        x=end[0],
        y=end[1],
        ax=start[0],
        ay=start[1],
        axref="x",
        ayref="y",
        xref="x",
        yref="y",
        text="",
        showarrow=True,
        arrowhead=2,
        arrowsize=1,
        arrowwidth=1.3,
        arrowcolor=REFERENCE,
    )
