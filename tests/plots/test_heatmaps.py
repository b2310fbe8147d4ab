import base64
import io

import numpy as np
import pytest
from PIL import Image

from resunet_kit import plots

IMAGE = np.random.default_rng(2).integers(0, 256, (20, 30, 3), dtype=np.uint8)
HEAT = np.linspace(0, 2, 600).reshape(20, 30)


def colours(figure):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(figure.data[1].source.split(",", 1)[1]))).convert("RGBA"))[
        ..., :3
    ]


def test_the_map_has_the_colours_of_its_bar():
    figure = plots.heatmap_overlay(IMAGE, HEAT, name="Entropy", colorscale="Greys")
    shown = colours(figure).astype(int)
    assert shown[0, 0].tolist() == [255, 255, 255]  # Plotly's Greys run from white to black
    assert shown[-1, -1].tolist() == [0, 0, 0]
    assert (np.diff(shown[..., 0].ravel()) <= 0).all()
    marker = figure.data[-1].marker
    assert (marker.cmin, marker.cmax, marker.colorbar.title.text) == (0.0, 2.0, "Entropy")


def test_a_given_range_makes_maps_comparable():
    half = plots.heatmap_overlay(IMAGE, HEAT, value_range=(0, 4), colorscale="Greys")
    full = plots.heatmap_overlay(IMAGE, HEAT * 2, colorscale="Greys")
    assert colours(half)[-1, -1, 0] > 100
    assert colours(plots.heatmap_overlay(IMAGE, HEAT * 2, value_range=(0, 4), colorscale="Greys")).tolist() == (
        colours(full).tolist()
    )


def test_the_slider_changes_the_map_alone():
    figure = plots.heatmap_overlay(IMAGE, HEAT, opacity=0.3, mask=HEAT > 1)
    [slider] = figure.layout.sliders
    assert figure.data[1].opacity == slider.steps[slider.active].args[0]["opacity"] == 0.3
    assert list(slider.steps[0].args[1]) == [1]
    assert figure.data[2].name == "Truth"


def test_a_constant_map_and_a_constant_image_are_drawn():
    figure = plots.heatmap_overlay(np.ones((20, 30)), HEAT * 0)
    assert len(np.unique(colours(figure).reshape(-1, 3), axis=0)) == 1


def test_a_map_of_256_pixels_takes_less_than_150_kB():
    rows, columns = np.mgrid[:256, :256]
    image = np.random.default_rng(0).integers(0, 256, (256, 256), dtype=np.uint8)
    heat = np.exp(-((rows - 100) ** 2 + (columns - 120) ** 2) / 900)
    assert len(plots.heatmap_overlay(image, heat, mask=heat > 0.5).to_json()) < 150_000


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="Select one image"):
        plots.heatmap_overlay(IMAGE, HEAT[None])
    with pytest.raises(ValueError, match=r"heatmap of the image's height.*with the bilinear method"):
        plots.heatmap_overlay(IMAGE, HEAT.T)
    with pytest.raises(ValueError, match="finite heatmap"):
        plots.heatmap_overlay(IMAGE, np.where(HEAT > 1, np.nan, HEAT))
    with pytest.raises(ValueError, match="Pass two different numbers"):
        plots.heatmap_overlay(IMAGE, HEAT, value_range=(1, 1))
    with pytest.raises(TypeError, match=r"Expected value_range\[0\] to be a number"):
        plots.heatmap_overlay(IMAGE, HEAT, value_range=np.ma.masked_array([-5, 10], [1, 0]))
    with pytest.raises(ValueError, match="Swap them"):
        plots.heatmap_overlay(IMAGE, HEAT, value_range=(1, 0))
    for given in (1, np.float32(1), "01"):
        with pytest.raises(TypeError, match="Expected value_range as a sequence"):
            plots.heatmap_overlay(IMAGE, HEAT, value_range=given)
    with pytest.raises(ValueError, match=r"Expected value_range as two numbers\. Received 3"):
        plots.heatmap_overlay(IMAGE, HEAT, value_range=(0, 1, 2))
    with pytest.raises(ValueError, match="colorscale"):
        plots.heatmap_overlay(IMAGE, HEAT, colorscale="Nothing")
    with pytest.raises(ValueError, match="opacity"):
        plots.heatmap_overlay(IMAGE, HEAT, opacity=1.5)
