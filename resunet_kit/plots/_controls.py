"""What one can operate at a figure of pictures: opacity, toggles, and how it fits its column."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from resunet_kit.plots._style import INK, REFERENCE, styled

OPACITY = 0.8  # of masks at first
_OPACITIES = [step / 10 for step in range(11)]
_SLIDER_ROW = 84  # pixels
_BUTTON_ROW = 36
_LEGEND_ROW = 20
_MAX_LEGEND_ROWS = 7
_PHONE = 330  # pixels that a legend has on a phone
_PAPER = "#FFFFFF"
_BUTTON_INK = "#6E7681"  # readable on white, which a pressed button is on every page, and on black


class Toggle(NamedTuple):
    """A button that shows and hides traces.

    Attributes:
        traces: Their indices.
        color: Of its text.
        on: Whether they are shown at first.
    """

    traces: list[int]
    color: str
    on: bool = True


def slider(steps: Sequence[Mapping[str, Any]], active: int, prefix: str, suffix: str = "") -> dict[str, Any]:
    """Return a slider below the pictures, readable on white and on black."""
    return {
        "active": active,
        "currentvalue": {"prefix": prefix, "suffix": suffix, "font": {"size": 14}},
        "pad": {"t": 10, "b": 10, "l": 0, "r": 0},
        "len": 1.0,
        "x": 0.0,
        "bgcolor": REFERENCE,
        "activebgcolor": REFERENCE,
        "bordercolor": REFERENCE,
        "tickcolor": REFERENCE,
        "font": {"color": REFERENCE, "size": 11},
        "steps": list(steps),
    }


def opacity_slider(traces: Sequence[int], start: float = OPACITY) -> dict[str, Any]:
    """Return a slider for the opacity of traces, from 0 to 100 %."""
    steps = [
        {"label": f"{100 * value:.0f}", "method": "restyle", "args": [{"opacity": value}, list(traces)]}
        for value in _OPACITIES
    ]
    return slider(steps, _OPACITIES.index(start), "Opacity ", " %")


def toggle_buttons(toggles: Mapping[str, Toggle], *, raised: int = 0) -> list[dict[str, Any]]:
    """Return one menu of a single button per toggle, pressed while its traces are shown, so many pixels raised."""
    menus, left = [], 0
    for name, (traces, color, on) in toggles.items():
        show, hide = ([{"visible": visible}, list(traces)] for visible in (True, False))
        menus.append(
            {
                "type": "buttons",
                "direction": "right",
                "x": 0,
                "xanchor": "left",
                "y": 1,
                "yanchor": "bottom",
                "pad": {"l": left, "b": 6 + raised, "t": 0},
                "active": 0 if on else -1,
                "bgcolor": "rgba(138, 143, 152, 0.18)",
                "bordercolor": color,
                "font": {"size": 13, "color": _BUTTON_INK},
                "buttons": [{"label": name, "method": "restyle", "args": show, "args2": hide}],
            }
        )
        left += 8 * len(name) + 34
    return menus


def fit_pictures(
    figure: go.Figure,
    *,
    title: str | None,
    size: tuple[float, float],
    height: int,
    sliders: Sequence[dict[str, Any]] = (),
    toggles: Mapping[str, Toggle] | None = None,
    legend: Sequence[str] = (),
    legend_below: bool = False,
    panel_title_lines: int = 0,
) -> go.Figure:
    """Give a figure of pictures the common style: as wide as its column, with the controls around the pictures.

    Args:
        figure: Changed in place.
        title: Of the figure.
        size: Height and width of all pictures together, in one unit.
        height: Of the pictures where the column is wide enough, in pixels; narrower pages show them smaller.
        sliders: Below the pictures.
        toggles: Buttons above them.
        legend: The names in the legend.
        legend_below: Whether the legend is long, and follows the sliders.
        panel_title_lines: Lines of the titles above the panels.
    """
    rows = min(_rows(legend), _MAX_LEGEND_ROWS) if legend_below else 0
    below = _SLIDER_ROW * bool(sliders) + (_LEGEND_ROW * rows + 12 if rows else 0)
    above = _BUTTON_ROW if toggles else 0
    styled(
        figure,
        title=title,
        height=height + below + above + 16,
        legend=bool(legend),
        panel_title_lines=panel_title_lines,
    )
    margin = figure.layout.margin
    if rows:
        margin.t -= 30  # the legend's row above the pictures
        figure.update_layout(legend={"y": (_LEGEND_ROW * rows + 16) / figure.layout.height, "yanchor": "top"})
        if "maxheight" in figure.layout.legend._valid_props:  # plotly 6 before 6.2 scrolls a legend by itself
            figure.update_layout(legend_maxheight=_LEGEND_ROW * rows + 8)
    figure.update_layout(
        width=None,
        autosize=True,
        margin={"t": margin.t + above, "b": below + 16},
        sliders=list(sliders),
        updatemenus=toggle_buttons(toggles or {}, raised=(10 + 16 * panel_title_lines) * (panel_title_lines > 0)),
        hovermode="x unified",  # all layers under the pointer in one label
        hoverlabel={"bgcolor": _PAPER, "font": {"color": INK}},
        # Read by the script of `_keyboard`: on a narrow page the figure is as high as its pictures need.
        meta={"pictures": {"height": height, "ratio": size[0] / size[1]}},
    )
    return figure


def _rows(names: Sequence[str]) -> int:
    per_row = max(1, _PHONE // (44 + 7 * max(map(len, names), default=1)))
    return -(-len(names) // per_row) + 1
