import base64
import json
import re
import zlib

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from resunet_kit import plots
from resunet_kit.plots._page.figures import figure_box


def drawn(figure):
    """Return what the page's script draws."""
    packed = re.search(r'-data" data-size="\d+">([^<]*)<', figure_box(figure, 1)).group(1)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def test_the_figure_arrives_whole():
    figure = plots.score_distribution([0.1, 0.9], title="Dice")
    found = drawn(figure)
    assert go.Figure(found).to_dict() == figure.to_dict()


def test_the_box_has_the_size_of_the_figure():
    assert 'style="min-height: 450px"' in figure_box(go.Figure(), 1)
    assert 'style="min-height: 300px"' in figure_box(go.Figure(layout={"height": 300}), 1)
    wide = figure_box(go.Figure(layout={"height": 300, "width": 600}), 7)
    assert 'id="figure-7"' in wide
    assert 'style="max-width: 600px; aspect-ratio: 600 / 300"' in wide


def test_the_label_is_the_title_as_text():
    box = figure_box(go.Figure(layout={"title": 'a "b"<br>c'}), 1)
    assert 'aria-label="a &quot;b&quot; c"' in box
    assert 'aria-label="Figure 3"' in figure_box(go.Figure(), 3)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>x</b> <i>y</i><br>z<br/> <sub>1</sub>", None),
        ('<span style="color: red">x</span>', None),
        ("%{x}<extra></extra>", None),
        ("a < b & c > d", "a &lt; b & c > d"),
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("<a href='https://example.com'>x</a>", "&lt;a href='https://example.com'>x&lt;/a>"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)>"),
        ("<b and c>", "&lt;b and c>"),
        ('<span style="mask: url(https://example.com)">x', '&lt;span style="mask: url(https://example.com)">x'),
        ("<bold>", "&lt;bold>"),
        ("<!-- x", "&lt;!-- x"),
    ],
)
def test_only_markup_that_plotly_draws_is_markup(text, shown):
    figure = go.Figure(go.Scatter(x=[text], y=[1], name=text, customdata=[text]), layout={"title": text})
    found = drawn(figure)
    expected = text if shown is None else shown
    assert found["layout"]["title"]["text"] == expected
    assert found["data"][0]["x"] == found["data"][0]["customdata"] == [expected]
    assert found["data"][0]["name"] == expected


def test_a_figure_that_nobody_styled_gets_the_style_of_the_package():
    plain = go.Figure(go.Scatter(y=[1]))
    before = plain.to_json()
    assert drawn(plain)["layout"]["template"]["layout"]["colorway"][0] == "#0072B2"
    assert plain.to_json() == before
    white = go.Figure(go.Scatter(y=[1]), layout={"template": "plotly_white"})
    assert drawn(white)["layout"]["template"]["layout"]["colorway"][0] == "#636efa"


@pytest.mark.parametrize("kind", ["scattergeo", "choropleth", "scattermap", "densitymap", "choroplethmap"])
def test_maps_are_refused(kind):
    with pytest.raises(ValueError, match="need no network"):
        figure_box(go.Figure({"type": kind}), 1)


def test_images_from_elsewhere_are_refused_and_embedded_ones_are_not():
    with pytest.raises(ValueError, match=r"https://example\.com/a\.png"):
        figure_box(go.Figure(layout={"images": [{"source": "https://example.com/a.png"}]}), 1)
    figure_box(go.Figure(layout={"images": [{"source": Image.fromarray(np.zeros((2, 2), np.uint8))}]}), 1)


def test_heat_maps_and_tree_maps_are_no_maps():
    for trace in (go.Heatmap(z=[[1]]), go.Treemap(labels=["a"], parents=[""])):
        figure_box(go.Figure(trace), 1)
