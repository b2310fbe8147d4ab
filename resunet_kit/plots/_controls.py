"""Controls of a figure with pictures: opacity, toggles, and how it fits its column."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from resunet_kit.plots._style import CLEAR, INK, REFERENCE, literal, styled

OPACITY = 0.8  # of masks, initially
_OPACITIES = [step / 10 for step in range(11)]
_SLIDER_ROW = 84  # pixels
_SLIDER_LINE = 18
_MAX_TICK = 12  # characters of a label below a slider
_BUTTON_ROW = 36
_LEGEND_ROW = 20
_LEGEND_MARGIN = 10
_MAX_LEGEND_ROWS = 7
_PHONE = 330  # width of a legend on a phone, in pixels


class Toggle(NamedTuple):
    """A button that shows and hides traces.

    Attributes:
        traces: Their indices.
        color: Colour of its text.
        on: Whether they are shown at first.
    """

    traces: list[int]
    color: str
    on: bool = True


def slider(steps: Sequence[Mapping[str, Any]], active: int, prefix: str, suffix: str = "") -> dict[str, Any]:
    """Return a slider below the pictures, readable on white and on black.

    Long labels need no prefix, and are shown only above the slider: below it they would overlap and be cut off.
    """
    longest = max(len(step["label"]) for step in steps)
    is_long = longest > _MAX_TICK
    side = 0 if is_long else 3 * max(0, longest - 3)  # pixels: half of a label protrudes at either end
    return {
        "active": active,
        "currentvalue": {
            "prefix": "" if is_long else prefix,
            "suffix": suffix,
            "font": {"size": 14, "color": REFERENCE},
        },
        "pad": {"t": 10, "b": 10, "l": side, "r": side},
        "len": 1.0,
        "x": 0.0,
        "bgcolor": REFERENCE,
        "activebgcolor": REFERENCE,
        "bordercolor": REFERENCE,
        "tickcolor": REFERENCE,
        "font": {"color": CLEAR, "size": 1} if is_long else {"color": REFERENCE, "size": 11},
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
    """Return one menu of a single button per toggle, pressed while its traces are shown, `raised` pixels higher."""
    menus = []
    rows = _button_rows(list(toggles))
    for level, names in enumerate(reversed(rows)):
        left = 0
        for name in names:
            traces, color, on = toggles[name]
            show, hide = ([{"visible": visible}, list(traces)] for visible in (True, False))
            menus.append(
                {
                    "type": "buttons",
                    "x": 0,
                    "xanchor": "left",
                    "y": 1,
                    "yanchor": "bottom",
                    "pad": {"l": left, "b": 6 + raised + level * _BUTTON_ROW, "t": 0},
                    "active": 0 if on else -1,
                    "bordercolor": color,
                    "font": {"size": 13, "color": INK},
                    "buttons": [{"label": name, "method": "restyle", "args": show, "args2": hide}],
                }
            )
            left += _button_width(name)
    return menus


def _button_rows(names: Sequence[str]) -> list[list[str]]:
    """Return the names in rows that fit a phone."""
    rows: list[list[str]] = []
    for name in names:
        if rows and sum(map(_button_width, [*rows[-1], name])) <= _PHONE:
            rows[-1].append(name)
        else:
            rows.append([name])
    return rows


def _button_width(name: str) -> int:
    return 8 * len(name) + 34


def fit_pictures(
    figure: go.Figure,
    *,
    title: str | None,
    size: tuple[float, float],
    height: int,
    sliders: Sequence[dict[str, Any]] = (),
    toggles: Mapping[str, Toggle] | None = None,
    legend: Sequence[str] = (),
    panel_title_lines: int = 0,
    panels: tuple[int, int] = (1, 1),
    min_width: int = 150,
    ratios: Sequence[float] = (),
) -> go.Figure:
    """Give a figure with pictures the common style: as wide as its column, with the controls around the pictures.

    Args:
        figure: Changed in place.
        title: Title of the figure.
        size: Height and width of all pictures together, in one unit.
        height: Height of the pictures where the column is wide enough, in pixels; narrower pages show them smaller.
        sliders: Sliders below the pictures.
        toggles: Buttons above the pictures.
        legend: The names in the legend.
        panel_title_lines: Lines of the titles above the panels.
        panels: Number of panels, and how many of them per row.
        min_width: Minimum width of a panel, in pixels: narrower pages have fewer panels per row.
        ratios: Height of each panel divided by its width, where they differ.
    """
    rows = min(_rows(legend), _MAX_LEGEND_ROWS)
    entries = _LEGEND_ROW * rows + _LEGEND_MARGIN if rows else 0
    below = sum(map(_slider_height, sliders)) + entries + 8
    above = _BUTTON_ROW * len(_button_rows(list(toggles or {})))
    styled(figure, title=title, height=height, legend=bool(legend), panel_title_lines=panel_title_lines)
    _resize(figure, height=figure.layout.margin.t + above + height + below)
    raised = (10 + 16 * panel_title_lines) * (panel_title_lines > 0)
    figure.update_layout(
        margin={"t": figure.layout.margin.t + above, "b": below},
        sliders=list(sliders),
        updatemenus=toggle_buttons(toggles or {}, raised=raised),
        hovermode="x unified",  # all layers under the pointer in one label
        # Read by the script of `_keyboard`: on a narrow page the figure is as high as its pictures need.
        meta={"pictures": _sizes(figure, size, height, panels, min_width, panel_title_lines, ratios)},
    )
    if rows:  # below the sliders, as many rows as a phone needs; more of them scroll
        figure.update_layout(legend={"y": entries / figure.layout.height, "yanchor": "top"})
        if "maxheight" in figure.layout.legend._valid_props:  # plotly 6 before 6.2 scrolls a legend by itself
            figure.update_layout(legend_maxheight=entries)
    return _literal_texts(figure)


def _literal_texts(figure: go.Figure) -> go.Figure:
    """Protect names from Plotly's templates, which replace `%{` in each text of a figure that has `meta`."""
    steps = [step for control in figure.layout.sliders for step in control.steps]
    buttons = [button for menu in figure.layout.updatemenus for button in menu.buttons]
    named = {"name": figure.data, "text": figure.layout.annotations, "label": [*steps, *buttons]}
    for attribute, parts in named.items():
        for part in parts:
            if part[attribute]:
                part[attribute] = literal(part[attribute])
    return figure


def _slider_height(slider: Mapping[str, Any]) -> int:
    """Return the height of a slider and its longest label, which may have several lines, in pixels."""
    return _SLIDER_ROW + _SLIDER_LINE * max(step["label"].count("<br>") for step in slider["steps"])


def _sizes(
    figure: go.Figure,
    size: tuple[float, float],
    height: int,
    panels: tuple[int, int],
    min_width: int,
    lines: int,
    ratios: Sequence[float],
) -> dict[str, Any]:
    """Return what the script of `_keyboard` needs to know about the pictures."""
    found: dict[str, Any] = {"height": height, "ratio": size[0] / size[1]}
    count, columns = panels
    if columns == 1:
        return found
    found |= {"panels": count, "columns": columns, "minWidth": min_width, "titleLines": lines}
    # Plotly overwrites an axis' own domain with that of its picture, which is smaller.
    axes = list(zip(figure.select_xaxes(), figure.select_yaxes(), strict=True))[:count]
    found["domains"] = [[[round(end, 4) for end in axis.domain] for axis in pair] for pair in axes]
    return found | ({"ratios": list(ratios)} if ratios else {})


def _resize(figure: go.Figure, *, height: int) -> None:
    """Change the height of a figure, and keep its title at the same distance from its top."""
    if figure.layout.title.y is not None:
        figure.layout.title.y = 1 - (1 - figure.layout.title.y) * figure.layout.height / height
    figure.layout.height = height


def _rows(names: Sequence[str]) -> int:
    """Return the number of rows that a legend has on a phone: Plotly makes its columns as wide as the longest name."""
    widths = [48 + 7 * len(name) for name in names]
    if sum(widths) <= _PHONE:
        return min(1, len(names))
    return -(-len(names) // max(1, _PHONE // max(widths)))
