"""A report with every kind of block: each figure, long and wide tables, and names that look like markup."""

import inspect
import math

import numpy as np
import plotly.graph_objects as go

from examples.gallery import training_of_both_stages
from resunet_kit import plots
from tests.plots.test_contract import CALLS

HOSTILE = "</script><img src=x onerror=alert(1)> <!-- & \"q\" ' <a href='https://example.com/'>link</a> {{x}} ${y}"
ROWS = 60


def write_every_kind(path):
    """Write the report."""
    sections = [
        plots.Section("Words", ["Some **bold** words and `code`.", HOSTILE, "x" * 300, f"**{HOSTILE}** `{HOSTILE}`"]),
        (HOSTILE, [HOSTILE]),
        ("Tables", [plots.Table(scores(), sort_by="Dice"), {HOSTILE: [HOSTILE, "b"], "n": [1, 2]}, intervals()]),
        *((name, [figure_of(name)]) for name in CALLS),
        ("Many regions", [noise()]),
        ("Panels beside each other", [training_of_both_stages.figure(), *histories()]),
        ("Folded", [plots.Details(HOSTILE, ["Text", {"a": [1]}, named_figure(HOSTILE)])]),
        ("Surface", [surface()]),
        ("The reader's own", [named_figure(HOSTILE, template="plotly_white")]),
    ]
    return plots.write_report(path, sections, title=HOSTILE, subtitle=f"All of **them**. {HOSTILE}")


def figure_of(name):
    """Return a figure of the package, under a hostile title where it takes one."""
    arguments, options = CALLS[name]
    function = getattr(plots, name)
    title = {"title": HOSTILE} if "title" in inspect.signature(function).parameters else {}
    return function(*arguments, **{**options, **title})


def scores():
    """Return a table wider than any screen, with an infinite and a missing value."""
    rng = np.random.default_rng(3)
    table = {"Patient": [f"TCGA_{number:03d}" for number in range(ROWS)]}
    table |= {f"Score number {column}": list(rng.random(ROWS)) for column in range(12)}
    table["Dice"] = list(rng.random(ROWS))
    table["Dice"][5], table["Dice"][7], table["Dice"][9] = math.inf, None, math.nan
    table["Area (px)"] = [int(area) for area in rng.integers(0, 10**6, ROWS)]
    return table


def intervals():
    """Return a table of numbers inside text."""
    return {"Name": ["a", "b", "c", "d"], "Mean": ["0.9 (0.8 to 1)", "0.12 (0 to 1)", "∞", "−1.5 (−2 to −1)"]}


def named_figure(name, **layout):
    """Return a figure that shows a name wherever a figure shows names."""
    figure = go.Figure(
        go.Scatter(
            x=[name, "b"],
            y=[1, 2],
            name=name,
            text=[name, "c"],
            mode="lines+markers+text",
            showlegend=True,
            customdata=[name, "d"],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    axes = {axis: {"automargin": False, "title": name} for axis in ("xaxis", "yaxis")}
    return figure.update_layout(title=name, annotations=[{"text": name, "x": 0, "y": 1}], **axes, **layout)


def histories():
    """Yield training histories whose panels have notes: no validation, some epochs, values that are not finite."""
    alone = {"loss": [0.9, 0.5, 0.3], "accuracy": [0.1, 0.2, 0.3]}
    some = {
        "loss": [0.9, math.nan, 0.5, 0.4],
        "dice": [0.15, 0.2, 0.25, 0.3],
        "val_loss": [0.8, 0.6],
        "val_dice": [0.1, 0.2],
    }
    yield plots.training_history(alone)
    yield plots.training_history({"classifier of the slices": some, "segmenter": {**some, "learning_rate": [1e-3] * 4}})
    yield plots.training_history({**some, "auc": [0.55, 0.65, 0.75, 0.85]}, columns=3)


def noise():
    """Return a figure of more regions than have outlines: buttons switch them."""
    image = np.random.default_rng(5).random((160, 160))
    return plots.overlay(image, image > 0.5, prediction=image > 0.6)


def surface():
    """Return a figure that is drawn with WebGL."""
    x = np.linspace(-1, 1, 12)
    return go.Figure(go.Surface(z=np.add.outer(x**2, x**2)), layout={"title": "A surface"})
