import json

import keras
import numpy as np
import pytest
from keras import ops

from resunet_kit.inference import Cascade, Detection

SIDE = 16


def mean_classifier(units=1, side=SIDE):
    """Return a model whose probability is the mean of the image: easy to steer."""
    inputs = keras.Input((side, side, 1))
    mean = ops.mean(inputs, axis=(1, 2))
    outputs = mean if units == 1 else ops.concatenate([1 - mean, *[mean / (units - 1)] * (units - 1)], axis=-1)
    return keras.Model(inputs, outputs)


def copying_segmenter(classes=1, side=SIDE):
    """Return a model whose foreground probability is the image itself."""
    inputs = keras.Input((side, side, 1))
    outputs = keras.layers.Rescaling(1.0)(inputs) if classes == 1 else ops.concatenate([1 - inputs, inputs], axis=-1)
    return keras.Model(inputs, outputs)


@pytest.fixture
def images():
    """One dark image, one with a block of 6 x 4 and a speck, one with the block alone."""
    batch = np.zeros((3, SIDE, SIDE, 1), "float32")
    batch[1:, 2:8, 3:7] = 1.0
    batch[1, 12, 12] = 1.0
    return batch


def cascade(**options):
    return Cascade(mean_classifier(), copying_segmenter(), **{"threshold": 0.05, **options})


def test_predict_says_whether_and_where(images):
    nothing, two, one = cascade().predict(images)
    assert isinstance(nothing, Detection)
    assert (nothing.area, nothing.boxes, nothing.centroids) == (0, [], [])
    assert two.area == 25
    assert two.boxes == [(2, 3, 8, 7), (12, 12, 13, 13)]
    assert two.centroids == [(4.5, 4.5), (12.0, 12.0)]
    assert one.boxes == [(2, 3, 8, 7)]
    assert one.probability == pytest.approx(24 / SIDE**2)
    np.testing.assert_array_equal(one.mask, images[2, ..., 0])


def test_images_below_the_threshold_get_an_empty_mask_and_never_reach_the_segmenter(images):
    seen = []

    class Spy(keras.layers.Layer):
        def call(self, x):
            seen.append(x.shape)
            return x

    inputs = keras.Input((SIDE, SIDE, 1))
    segmenter = keras.Model(inputs, Spy()(inputs))
    segmenter.run_eagerly = True
    seen.clear()
    found = Cascade(mean_classifier(), segmenter, threshold=25 / SIDE**2).predict(images)
    assert [detection.area for detection in found] == [0, 25, 0]
    assert [shape[0] for shape in seen] == [1]


def test_min_area_drops_specks(images):
    assert cascade(min_area=2).predict(images)[1].boxes == [(2, 3, 8, 7)]


def test_mask_threshold_decides_pixels(images):
    assert cascade(threshold=0.0, mask_threshold=0.6).predict(images * 0.5)[1].area == 0
    assert cascade(threshold=0.0, mask_threshold=0.5).predict(images * 0.5)[1].area == 25


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_any_batch_size_gives_the_same_result(images, batch_size):
    found = cascade().predict(images, batch_size=batch_size)
    assert [detection.area for detection in found] == [0, 25, 24]


def test_softmax_stages_equal_sigmoid_ones(images):
    softmax = Cascade(mean_classifier(units=2), copying_segmenter(classes=2), threshold=0.05)
    for a, b in zip(softmax.predict(images), cascade().predict(images), strict=True):
        assert a.probability == pytest.approx(b.probability, abs=1e-6)
        np.testing.assert_array_equal(a.mask, b.mask)


def test_several_tumour_classes_add_up_to_one_probability(images):
    three = Cascade(mean_classifier(units=3), copying_segmenter())
    np.testing.assert_allclose(three.classify(images), images.mean(axis=(1, 2, 3)), atol=1e-6)


def test_images_of_other_sides_are_resized_there_and_back():
    small = Cascade(mean_classifier(side=8), copying_segmenter(side=8), threshold=0.05)
    images = np.zeros((2, 32, 24, 1), "float32")
    images[:, 8:16, 6:12] = 1.0
    assert small.segment(images).shape == (2, 32, 24, 1)
    [found, _] = small.predict(images)
    assert found.mask.shape == (32, 24)
    truth = images[0, ..., 0] > 0
    marked = found.mask > 0
    assert 2 * (truth & marked).sum() > 0.8 * (truth.sum() + marked.sum())


def test_no_images_give_no_detections():
    assert cascade().predict(np.zeros((0, SIDE, SIDE, 1))) == []
    assert cascade().segment(np.zeros((0, SIDE, SIDE, 1))).shape == (0, SIDE, SIDE, 1)


def test_save_and_load_keep_models_and_settings(tmp_path, images):
    saved = cascade(mask_threshold=0.25, min_area=3)
    loaded = Cascade.load(saved.save(tmp_path / "deep" / "cascade"))
    assert (loaded.threshold, loaded.mask_threshold, loaded.min_area) == (0.05, 0.25, 3)
    for a, b in zip(saved.predict(images), loaded.predict(images), strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["cascade"]


def test_save_refuses_an_existing_folder(tmp_path):
    with pytest.raises(ValueError, match="new folder"):
        cascade().save(tmp_path)


def test_a_failed_save_leaves_nothing(tmp_path, monkeypatch):
    broken = cascade()

    def fail(path):
        raise OSError(f"disk full: {path}")

    monkeypatch.setattr(broken.segmenter, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        broken.save(tmp_path / "cascade")
    assert list(tmp_path.iterdir()) == []


def test_load_names_what_is_missing(tmp_path):
    (tmp_path / "cascade.json").write_text(json.dumps({}))
    with pytest.raises(ValueError, match=r"lacks classifier\.keras, segmenter\.keras"):
        Cascade.load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"threshold": "a"}', '{"foo": 1}'])
def test_settings_that_are_none_are_named(text, tmp_path):
    folder = cascade().save(tmp_path / "cascade")
    (folder / "cascade.json").write_text(text)
    with pytest.raises(ValueError, match=r"The cascade in .* cannot be read"):
        Cascade.load(folder)


@pytest.mark.parametrize("options", [{"threshold": 1.5}, {"mask_threshold": -0.1}, {"min_area": -1}])
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=f"Expected {next(iter(options))}"):
        cascade(**options)


def test_models_of_another_form_are_refused():
    with pytest.raises(ValueError, match="Expected a classifier"):
        Cascade(copying_segmenter(), copying_segmenter())
    with pytest.raises(ValueError, match="Expected a segmenter"):
        Cascade(mean_classifier(), mean_classifier())


@pytest.mark.parametrize("shape", [(SIDE, SIDE, 1), (2, SIDE, SIDE, 3), (2, SIDE, SIDE)])
def test_images_of_another_rank_or_channels_are_refused(shape):
    with pytest.raises(ValueError, match="Expected images of shape"):
        cascade().predict(np.zeros(shape))
