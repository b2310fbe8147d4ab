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


CLASSES = np.zeros((20, 30), np.uint8)
CLASSES[2:6, 2:6] = 1
CLASSES[8:14, 10:20] = 7
NAMES = ["background", *(f"organ {label}" for label in range(1, 8))]


def test_a_label_map_has_a_legend_by_class_name():
    figure = plots.overlay(IMAGE, CLASSES, class_names=NAMES)
    assert [trace.name for trace in figure.data[1:]] == ["organ 1", "organ 7"]
    assert all(trace.showlegend and trace.hoveron == "fills" for trace in figure.data[1:])
    assert figure.data[2].text == "organ 7 (truth)"
    assert [trace.name for trace in plots.overlay(IMAGE, CLASSES).data[1:]] == ["Class 1", "Class 7"]
    named = plots.overlay(IMAGE, CLASSES, class_names={0: "road", 1: "car", 7: "tree"})
    assert [trace.name for trace in named.data[1:]] == ["road", "car", "tree"]


def test_one_click_switches_a_class_and_one_button_truth_or_prediction():
    figure = plots.overlay(IMAGE, CLASSES, prediction=np.roll(CLASSES, 2, axis=0), class_names=NAMES)
    first, second = (trace for trace in figure.data if trace.name == "organ 1")
    assert first.legendgroup == second.legendgroup
    assert (first.showlegend, second.showlegend) == (True, False)
    buttons = {menu.buttons[0].label: menu.buttons[0] for menu in figure.layout.updatemenus}
    assert set(buttons) == {"Truth", "Prediction"}
    assert figure.data[-1].name == "Error"
    for trace in buttons["Prediction"].args[1]:
        assert figure.data[trace].text.endswith("(prediction)")
    assert buttons["Prediction"].args2[0] == {"visible": False}


def test_an_ignored_class_is_shown_as_such_and_is_no_error():
    truth = CLASSES.copy()
    truth[0] = 255
    figure = plots.overlay(IMAGE, truth, prediction=CLASSES, class_names=NAMES, ignore_class=255)
    traces = {trace.name: trace for trace in figure.data}
    assert max(traces["Ignored"].y) == 0.5
    assert traces["Error"].x == (None,)


@pytest.mark.slow
def test_256_classes_are_drawn():
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)  # each class a pixel
    figure = plots.overlay(labels, labels, class_names=[f"c{label}" for label in range(256)])
    assert [trace.name for trace in figure.data[1:]] == [f"c{label}" for label in range(256)]


def test_an_image_without_a_class_says_so():
    figure = plots.overlay(IMAGE, CLASSES * 0, class_names=NAMES)
    assert figure.layout.annotations[0].text == "No class but the background"


def test_the_slider_changes_the_opacity_of_masks_alone():
    figure = plots.overlay(IMAGE, MASK, prediction=~MASK)
    [slider] = figure.layout.sliders
    assert slider.steps[slider.active].args[0] == {"opacity": figure.data[1].opacity}
    assert [step.args[0]["opacity"] for step in slider.steps] == [step / 10 for step in range(11)]
    assert list(slider.steps[0].args[1]) == [1, 2, 3]


def test_masks_of_many_regions_become_pictures_with_buttons():
    noise = RNG.random((150, 150)) > 0.5
    figure = plots.overlay(noise, noise, prediction=noise[::-1])
    [picture] = [figure.data[index] for index in figure.layout.updatemenus[0].buttons[0].args[1]]
    shown = Image.open(io.BytesIO(base64.b64decode(picture.source.split(",", 1)[1])))
    assert shown.mode == "P"
    np.testing.assert_array_equal(np.asarray(shown), noise)
    assert [menu.buttons[0].label for menu in figure.layout.updatemenus] == ["Truth", "Prediction", "Error"]


@pytest.mark.slow
def test_classes_of_many_regions_are_named_by_a_legend_that_switches_nothing():
    labels = RNG.integers(0, 5, (120, 120))
    figure = plots.overlay(labels, labels, prediction=labels)
    assert [trace.name for trace in figure.data if trace.type == "scatter"][:4] == [f"Class {n}" for n in range(1, 5)]
    assert figure.layout.legend.itemclick is False
    buttons = {menu.buttons[0].label: menu.active for menu in figure.layout.updatemenus}
    assert buttons == {"Truth": 0, "Prediction": -1, "Error": -1}


def smooth_image(noise=6.0):
    rows, columns = np.mgrid[:256, :256]
    disc = (rows - 128) ** 2 + (columns - 128) ** 2 < 100**2
    channels = [120 + 80 * np.sin(columns / (20 + 3 * c)) * np.cos(rows / 30) for c in range(3)]
    image = (np.stack(channels, -1) + RNG.normal(0, noise, (256, 256, 3))).clip(0, 255) * disc[..., None]
    return image.astype(np.uint8), (rows - 120) ** 2 + (columns - 140) ** 2 < 40**2


@pytest.mark.parametrize(
    "kind",
    ["signed", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("RGB", "grey", "float", "16 bit", "noise"))],
)
def test_an_overlay_of_256_pixels_takes_less_than_150_kB(kind):
    image, mask = smooth_image()
    images = {
        "RGB": image,
        "grey": image[..., 0],
        "float": image[..., 0] / np.float32(255),
        "signed": image[..., 0] * 9.7 - 1000,
        "16 bit": image[..., 0].astype(np.uint16) * 16,
        "noise": RNG.random((256, 256, 3)),
    }
    shown = RNG.random((256, 256)) > 0.5 if kind == "noise" else mask
    probability = np.where(mask, 0.9, 0.125)
    figure = plots.overlay(images[kind], shown, prediction=np.roll(shown, 5, axis=1), probability=probability)
    assert len(figure.to_json()) < 150_000


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_cure_for_values_that_are_not_finite_works(bad):
    image = np.ones((20, 30))
    image[3, 4] = bad
    with pytest.raises(ValueError, match=r"Received 1 NaN or infinite of 600.*numpy.where\(numpy.isfinite\(image\)"):
        plots.overlay(image, MASK)
    plots.overlay(np.where(np.isfinite(image), image, 0), MASK)


def test_label_maps_that_cannot_be_read_are_refused():
    with pytest.raises(ValueError, match=r"no name for \[7\]"):
        plots.overlay(IMAGE, CLASSES, class_names=NAMES[:3])
    with pytest.raises(ValueError, match=r"no name for \[255\].*`mask > 0`"):
        plots.error_map(IMAGE, MASK * 255, MASK, class_names=["background", "tumour"])
    with pytest.raises(ValueError, match="Pass ignore_class=255"):
        plots.overlay(IMAGE, np.where(MASK, 255, CLASSES))
    with pytest.raises(ValueError, match=r"from 0 to 255\. Received -1"):
        plots.overlay(IMAGE, CLASSES.astype(int) - 1, class_names=NAMES)
    with pytest.raises(ValueError, match=r"masks\.to_labels"):
        plots.overlay(IMAGE, np.zeros((20, 30, 4)), class_names=NAMES)
    with pytest.raises(TypeError, match="Put it into a list"):
        plots.overlay(IMAGE, CLASSES, class_names="organ")
    with pytest.raises(TypeError, match="a label of class_names to be an integer"):
        plots.overlay(IMAGE, CLASSES, class_names={"a": "organ"})
    with pytest.raises(ValueError, match="masked array that hides"):
        plots.overlay(np.ma.masked_array(IMAGE[..., 0], MASK), MASK)
    with pytest.raises(ValueError, match=r"probability in \[0, 1\]"):
        plots.overlay(IMAGE, MASK, probability=MASK * 3.0)
    with pytest.raises(ValueError, match="ignore_class"):
        plots.overlay(IMAGE, CLASSES, ignore_class=256)


def test_256_classes_of_256_pixels_take_less_than_150_kB():
    image, _ = smooth_image()
    rows, columns = np.mgrid[:256, :256]
    labels = rows // 16 * 16 + columns // 16
    figure = plots.overlay(
        image[..., 0] / np.float32(255), labels, prediction=labels, class_names=[f"structure {n}" for n in range(256)]
    )
    assert len(figure.to_json()) < 150_000


def test_empty_masks_are_said():
    empty = np.zeros((4, 4))
    names = [trace.name for trace in plots.overlay(empty, empty, prediction=np.eye(4)).data[1:3]]
    assert names == ["Truth · empty", "Prediction"]
    assert plots.heatmap_overlay(empty, np.eye(4), mask=empty).data[2].name == "Truth · empty"
    volume = np.zeros((2, 4, 4))
    for figure in (plots.slice_viewer(volume, volume), plots.orthogonal_planes(volume, volume)):
        assert figure.data[1].name == "Truth · empty"


def test_long_titles_of_panels_are_broken_into_lines_that_fit_a_phone():
    figure = plots.sample_grid(np.zeros((2, 4, 4)), titles=["TCGA_HT_7884_19980913 slice 1", "b"])
    assert [note.text for note in figure.layout.annotations] == ["TCGA_HT_7884_19980913<br>slice 1", "b"]
    assert figure.layout.margin.t > plots.sample_grid(np.zeros((2, 4, 4)), titles=["a", "b"]).layout.margin.t


def test_a_row_of_thin_images_with_titles_is_drawn():
    assert len(plots.sample_grid([np.zeros((8, 128))] * 2, titles=["a", "b"]).data) == 2
    assert len(plots.sample_grid([np.zeros((8, 128))] * 5, titles=["a"] * 5, columns=1).data) == 5
