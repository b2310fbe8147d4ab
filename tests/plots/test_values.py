import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from resunet_kit.plots._values import number_traces, picture_template


def said(trace, row, column):
    """Return what Plotly makes of the template at a pixel."""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(trace.source.split(",", 1)[1]))).convert("RGB"))
    red, green, blue = pixels[row, column].tolist()
    text = trace.hovertemplate.replace("<extra></extra>", "")
    text = text.replace("%{z[0]}", str(red)).replace("%{z[1]:02d}", f"{green:02d}").replace("%{z[1]}", str(green))
    return text.replace("%{z[2]:02d}", f"{blue:02d}").replace("%{z[2]}", str(blue))


def number(text):
    mantissa, _, power = text.removeprefix("Value ").removeprefix("≈ ").partition(" × 10<sup>")
    return float(mantissa.replace("−", "-")) * 10.0 ** int(power.removesuffix("</sup>") or 0)


@pytest.mark.parametrize(
    ("low", "high", "error"),
    [
        (0.0, 1.0, 5e-4),
        (0.0, 9.99, 5e-4),
        (0.0, 255.0, 5e-3),
        (255.9, 255.999, 1e-2),
        (0.0, 4095.5, 0.5),
        (0.0, 1e-7, 5e-11),
        (0.0, 3e8, 5e4),
        (-255.9, -1.0, 5e-3),
    ],
)
def test_hovering_says_the_pixel_s_value(low, high, error):
    values = np.random.default_rng(1).uniform(low, high, (7, 9))
    [trace] = number_traces(values)
    found = [[number(said(trace, row, column)) for column in range(9)] for row in range(7)]
    np.testing.assert_allclose(found, values, rtol=0, atol=error * 1.0001)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16])
def test_integers_are_said_exactly(dtype):
    values = np.array([[0, 1], [99, 100], [101, 255]] if dtype != np.uint16 else [[0, 7], [999, 65535]], dtype)
    [trace] = number_traces(values)
    for index, value in np.ndenumerate(values):
        assert float(said(trace, *index).removeprefix("Value ")) == value


def test_both_signs_are_said_as_two_parts():
    high, low = number_traces(np.array([[-1000.0, 3071.0]]))
    assert (said(high, 0, 0), said(low, 0, 0)) == ("Value, part above 0: 0000", "Value, part below 0: 1000")
    assert (said(high, 0, 1), said(low, 0, 1)) == ("Value, part above 0: 3071", "Value, part below 0: 0000")


def test_digits_are_left_out_where_there_is_no_room_for_them():
    values = np.random.default_rng(1).random((64, 64))
    full = len(number_traces(values)[0].source)
    [short] = number_traces(values, room=full)
    assert re.match("Value ≈ ", short.hovertemplate)
    np.testing.assert_allclose(number(said(short, 2, 3)), values[2, 3], rtol=0, atol=0.0101)
    assert number_traces(values, room=1000) == []


def test_a_picture_says_what_its_numbers_are():
    assert picture_template(256, 1) == "Value %{z[0]}<extra></extra>"
    assert picture_template(64, 3, exact=False) == "Value ≈ %{z[0]}, %{z[1]}, %{z[2]} of 255<extra></extra>"
