"""Encoders by size and by accuracy on ImageNet, from the table of all encoders."""

import re
from pathlib import Path

import plotly.graph_objects as go

from examples.guides.axes import with_axes

TABLE = Path(__file__).parents[2] / "docs" / "pages" / "encoders.md"
SOURCES = {"download by Keras": "download", "package": "installed from PyPI", "state dict": "file of torchvision"}
LABELLED = {
    "mobilenetv3small": "middle right",
    "efficientnet_lite2": "top left",
    "resnet18": "bottom center",
    "vgg16": "top center",
    "efficientnetv2s": "top center",
    "convnextxlarge": "top left",
}


def figure() -> go.Figure:
    """Draw each encoder as a point, on a logarithmic axis of parameters."""
    row = re.compile(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) \[\d\] \| ([\d.]+) \| (.+) \|$", re.MULTILINE)
    rows = [(name, float(p), float(a), float(g), of) for name, p, a, g, of in row.findall(TABLE.read_text("utf-8"))]
    drawn = go.Figure()
    for source, label in SOURCES.items():
        names, parameters, accuracy, operations, _ = zip(
            *[one for one in rows if one[4].startswith(source)], strict=True
        )
        drawn.add_scatter(
            x=parameters,
            y=accuracy,
            name=label,
            mode="markers+text",
            marker={"size": 9},
            text=[name if name in LABELLED else "" for name in names],
            textposition=[LABELLED.get(name, "top center") for name in names],
            textfont={"size": 11},
            customdata=list(zip(names, operations, strict=True)),
            hovertemplate="%{customdata[0]}: %{x} million parameters, %{y} %, %{customdata[1]} GFLOP<extra></extra>",
        )
    with_axes(drawn, "Parameters in millions", "Top-1 accuracy in %")
    return drawn.update_xaxes(type="log", tickvals=[1, 2, 5, 10, 20, 50, 100, 200, 500])
