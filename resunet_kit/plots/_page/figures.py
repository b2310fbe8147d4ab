"""Figures of a report: a box of the right size, and beside it the figure, which the page's script draws into it."""

import html
import json
import re
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio

from resunet_kit.plots._page.packing import packed_script
from resunet_kit.plots._style import template

_HEIGHT = 450  # pixels; Plotly's own
# What Plotly draws as markup; whatever else looks like a tag, such as a patient's or a file's name, is text. A link
# would lead out of the report, and a style with an address could load it.
_MARKUP = re.compile(
    r"""<(?!/?(?:b|i|u|s|em|sub|sup|span|extra)>|br\s*/?>|span\s+style=(?:"[^"<>()]*"|'[^'<>()]*')>)""", re.IGNORECASE
)
# These download a map when they are drawn.
_ONLINE = {"scattergeo", "choropleth"} | {
    f"{kind}{service}" for kind in ("scatter", "choropleth", "density") for service in ("map", "mapbox")
}


def figure_box(figure: go.Figure, number: int) -> str:
    """Return the box of a figure and the figure itself.

    Args:
        figure: The figure, which is not changed.
        number: Unique in the page, from 1; the same report has the same bytes.

    Raises:
        ValueError: If the figure would load something from the network.
    """
    found = json.loads(pio.to_json(figure, validate=False, remove_uids=True, engine="json"))
    _check_offline(found, number)
    layout = found.setdefault("layout", {})
    if figure.layout.template == pio.templates["plotly"]:  # not the user's choice, and unsuited to a dark page
        layout["template"] = template().to_plotly_json()
    width, height = layout.get("width"), layout.get("height") or _HEIGHT
    layout["height"] = height
    # A figure of its own width is scaled to a narrower page; any other is as wide as the page.
    size = f"max-width: {width:g}px; aspect-ratio: {width:g} / {height:g}" if width else f"min-height: {height:g}px"
    title = re.sub(r"<[^>]*>", " ", str(figure.layout.title.text or f"Figure {number}"))
    data = json.dumps(_escaped(found), separators=(",", ":"), allow_nan=False)
    return (
        f'<div class="figure" id="figure-{number}" role="group" aria-label="{html.escape(title)}" style="{size}"'
        f"{_pictures(layout)}></div>"
        f"\n{packed_script(f'figure-{number}', data)}"
    )


def _pictures(layout: dict[str, Any]) -> str:
    """Return what the height on a narrow page depends on: pictures, their aspect, and the margins."""
    pictures = (layout.get("meta") or {}).get("pictures") if isinstance(layout.get("meta"), dict) else None
    if not pictures:
        return ""
    margin = layout.get("margin", {})
    margins = margin.get("l", 0) + margin.get("r", 0)
    return f' data-pictures="{pictures["height"]:g} {pictures["ratio"]:g} {margins:g} {layout["height"]:g}"'


def _check_offline(figure: dict[str, Any], number: int) -> None:
    online = [trace["type"] for trace in figure.get("data", ()) if trace.get("type") in _ONLINE]
    if online:
        raise ValueError(
            f"Expected figures that need no network. Received a trace of type {online[0]!r} in figure {number}, whose "
            "map is downloaded when it is drawn. Leave the map out, or put a picture of it into the figure."
        )
    sources = [picture.get("source") or "" for picture in figure.get("layout", {}).get("images", ())]
    elsewhere = [source for source in sources if source and not source.startswith("data:")]
    if elsewhere:
        raise ValueError(
            f"Expected figures that need no network. Received an image at {elsewhere[0]!r} in figure {number}. Read "
            "the image, and pass it as a PIL image."
        )


def _escaped(value: Any) -> Any:
    """Return `value` with the texts inside as Plotly should draw them: names are not markup."""
    if isinstance(value, dict):
        return {key: _escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    if isinstance(value, str) and "<" in value and not value.startswith("data:"):
        return _MARKUP.sub("&lt;", value)
    return value
