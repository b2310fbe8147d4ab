import base64
import io

import numpy as np
import pytest
from PIL import Image

from resunet_kit import plots

RNG = np.random.default_rng(4)
IMAGE = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
MASK = np.zeros((20, 30), bool)
MASK[4:10, 5:12] = True


def decoded(trace):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(trace.source.split(",", 1)[1]))))


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (IMAGE, IMAGE),
        (IMAGE[..., :1], IMAGE[..., 0]),
        (np.repeat(IMAGE[..., :1], 3, axis=-1), IMAGE[..., 0]),
        (IMAGE / 255, IMAGE),
        (np.array([[-2.0, 0.0], [1.0, 2.0]]), np.array([[0, 128], [191, 255]])),
        (np.full((2, 2), 7.0), np.zeros((2, 2))),
        (np.array([[0, 4095]], np.uint16), np.array([[0, 255]])),
    ],
)
def test_the_picture_holds_the_pixels(image, shown):
    mask = np.zeros(image.shape[:2])
    np.testing.assert_array_equal(decoded(plots.overlay(image, mask).data[0]), shown)


def test_truth_and_prediction_are_switched_by_the_legend():
    figure = plots.overlay(IMAGE, MASK, prediction=~MASK, title="Case")
    assert [trace.name for trace in figure.data[1:]] == ["Truth", "Prediction", "Error"]
    assert all(trace.showlegend and trace.fill == "toself" for trace in figure.data[1:3])
    assert figure.data[1].line.color != figure.data[2].line.color
    assert figure.layout.title.text == "Case"
    assert list(figure.layout.yaxis.range) == [19.5, -0.5]


@pytest.mark.parametrize("mask", [MASK, MASK.astype(np.uint8), MASK * 255, MASK[..., None], MASK.astype(float)])
def test_masks_come_in_every_form(mask):
    assert plots.overlay(IMAGE, mask).data[1] == plots.overlay(IMAGE, MASK).data[1]


def test_a_grid_has_one_picture_and_mask_per_panel_and_one_legend_entry():
    images = RNG.random((5, 8, 8))
    figure = plots.sample_grid(images, images > 0.5, titles=list("abcde"), columns=2)
    assert [trace.type for trace in figure.data] == ["image", "scatter"] * 5
    assert sum(bool(trace.showlegend) for trace in figure.data[1::2]) == 1
    assert {trace.legendgroup for trace in figure.data[1::2]} == {"mask"}
    assert [annotation.text for annotation in figure.layout.annotations] == list("abcde")
    assert len({trace.yaxis for trace in figure.data}) == 5


def test_images_of_differing_sizes_share_a_grid_and_a_range():
    figure = plots.sample_grid([np.array([[0.0, 10.0]]), np.array([[5.0], [5.0]])])
    np.testing.assert_array_equal(decoded(figure.data[0]), [[0, 255]])
    np.testing.assert_array_equal(decoded(figure.data[1]), [[128], [128]])


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least one image"):
        plots.sample_grid([])
    with pytest.raises(ValueError, match="images: 2, masks: 1"):
        plots.sample_grid(np.zeros((2, 4, 4)), np.zeros((1, 4, 4)))
    with pytest.raises(ValueError, match="images: 2, titles: 1"):
        plots.sample_grid(np.zeros((2, 4, 4)), titles=["a"])
    with pytest.raises(ValueError, match="Expected columns to be an integer of at least 1"):
        plots.sample_grid(np.zeros((2, 4, 4)), columns=0)
    with pytest.raises(ValueError, match=r"height and width \(20, 30\).*Received \(30, 20\)"):
        plots.overlay(IMAGE, MASK.T)
    with pytest.raises(ValueError, match="Threshold probabilities"):
        plots.overlay(IMAGE, MASK * 0.7)
    with pytest.raises(ValueError, match="Select one channel or three"):
        plots.overlay(np.zeros((20, 30, 4)), MASK)
    with pytest.raises(ValueError, match="finite"):
        plots.overlay(np.full((20, 30), np.nan), MASK)
    with pytest.raises(ValueError, match="Expected prediction"):
        plots.overlay(IMAGE, MASK, prediction=MASK[0])
