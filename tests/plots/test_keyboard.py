import copy

import numpy as np

from resunet_kit import plots
from resunet_kit.plots._keyboard import KEYBOARD


def test_html_has_the_script_once_and_the_user_s_own_too(tmp_path):
    figure = plots.slice_viewer(np.zeros((3, 4, 4)))
    for text in (figure.to_html(include_plotlyjs=False), copy.deepcopy(figure).to_html(include_plotlyjs=False)):
        assert text.count("ArrowRight") == KEYBOARD.count("ArrowRight")
    figure.write_html(tmp_path / "a.html", include_plotlyjs=False, post_script="mine();")
    text = (tmp_path / "a.html").read_text()
    assert "mine();" in text
    assert "ArrowRight" in text


def test_the_script_asks_for_nothing_from_elsewhere():
    assert "http" not in KEYBOARD
    assert "</" not in KEYBOARD


def test_figures_say_how_high_their_pictures_are():
    figure = plots.sample_grid(np.zeros((4, 10, 20)), columns=2)
    pictures = figure.layout.meta["pictures"]
    assert 0 < pictures["height"] < figure.layout.height
    assert 0.4 < pictures["ratio"] < 0.7
    assert figure.layout.width is None
