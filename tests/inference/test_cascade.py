import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from resunet_kit.inference import Cascade, Detection
from resunet_kit.masks import PostProcess, fill_holes, largest_component, remove_small
from resunet_kit.metrics import overlap_scores

SIDE = 16


def mean_classifier(units=1, side=SIDE):
    """Return a model whose probability is the image's mean."""
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


def cascade(*, threshold=0.05, **options):
    """Return a cascade whose options are those of PostProcess."""
    return Cascade(mean_classifier(), copying_segmenter(), threshold=threshold, postprocess=PostProcess(**options))


def test_predict_detects_and_delineates(images):
    nothing, two, one = cascade().predict(images)
    assert isinstance(nothing, Detection)
    assert (nothing.area, nothing.boxes, nothing.centroids) == (0, [], [])
    assert two.area == 25
    assert two.boxes == [(2, 3, 8, 7), (12, 12, 13, 13)]
    assert two.centroids == [(4.5, 4.5), (12.0, 12.0)]
    assert one.boxes == [(2, 3, 8, 7)]
    assert one.probability == pytest.approx(24 / SIDE**2)
    np.testing.assert_array_equal(one.mask, images[2, ..., 0])


def test_images_below_the_threshold_get_an_empty_mask_without_the_segmenter(images):
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


def test_postprocess_turns_probabilities_into_masks(images):
    assert cascade(min_size=2).predict(images)[1].boxes == [(2, 3, 8, 7)]
    assert cascade(keep_largest=1).predict(images)[1].area == 24
    for threshold, area in [(0.6, 0), (0.5, 25)]:
        processed = Cascade(
            mean_classifier(), copying_segmenter(), threshold=0, postprocess=PostProcess(threshold=threshold)
        )
        assert processed.predict(images * 0.5)[1].area == area


def test_boxes_join_pixels_as_the_postprocess_does(images):
    images[1, 8, 7] = 1.0  # across the block's corner
    assert len(cascade().predict(images)[1].boxes) == 2
    assert len(cascade(connectivity=1).predict(images)[1].boxes) == 3


def test_probabilities_that_rounding_left_outside_the_range_are_accepted():
    mark = cascade().mark
    assert mark(np.float32([[[[1.0001], [-1e-5]]]])).tolist() == [[[1, 0]]]
    with pytest.raises(ValueError, match="sigmoid"):
        mark(np.float32([[[[5.0], [-3.0]]]]))


SEVERAL_CLASSES = st.integers(0, 2**16).map(lambda seed: np.random.default_rng(seed).dirichlet([0.3] * 4, (2, 9, 8)))


@settings(max_examples=20)
@given(SEVERAL_CLASSES, st.sampled_from([0, 3, None]), st.sampled_from([0, 4]), st.sampled_from([None, 2]))
def test_rules_on_components_apply_to_the_foreground_of_several_classes(images, max_hole, min_size, count):
    expected = []
    for image in images:
        labels = image.argmax(-1)
        foreground = fill_holes(labels > 0, max_size=max_hole)
        foreground = remove_small(foreground, min_size)
        foreground = foreground if count is None else largest_component(foreground, count=count)
        expected.append(foreground * (1 + image[..., 1:].argmax(-1)))
    found = cascade(max_hole=max_hole, min_size=min_size, keep_largest=count).mark(images)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


def test_several_classes_are_chosen_by_the_largest_probability():
    probabilities = np.float32([[[[0.4, 0.3, 0.3], [0.3, 0.3, 0.4], [0.1, 0.5, 0.4]]]])
    assert cascade().mark(probabilities).tolist() == [[[0, 2, 1]]]


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


def test_images_of_another_size_are_resized_and_their_masks_back():
    small = Cascade(mean_classifier(side=8), copying_segmenter(side=8), threshold=0.05)
    images = np.zeros((2, 32, 24, 1), "float32")
    images[:, 8:16, 6:12] = 1.0
    assert small.segment(images).shape == (2, 32, 24, 1)
    [found, _] = small.predict(images)
    assert found.mask.shape == (32, 24)
    truth = images[0, ..., 0] > 0
    assert overlap_scores(truth, found.mask).dice > 0.8


def test_no_images_give_no_detections():
    assert cascade().predict(np.zeros((0, SIDE, SIDE, 1))) == []
    assert cascade().segment(np.zeros((0, SIDE, SIDE, 1))).shape == (0, SIDE, SIDE, 1)


def test_save_and_load_keep_models_and_settings(tmp_path, images):
    options = PostProcess(threshold=np.float32(0.25), min_size=np.int64(3), max_hole=None, connectivity=1)
    saved = Cascade(mean_classifier(), copying_segmenter(), threshold=np.float64(0.05), postprocess=options)
    loaded = Cascade.load(saved.save(tmp_path / "deep" / "cascade"))
    assert (loaded.threshold, loaded.postprocess) == (0.05, options)
    for a, b in zip(saved.predict(images), loaded.predict(images), strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["cascade"]


def test_a_folder_of_the_first_format_loads(tmp_path):
    folder = cascade().save(tmp_path / "cascade")
    (folder / "cascade.json").write_text('{"threshold": 0.1, "mask_threshold": 0.25, "min_area": 2.5}')
    loaded = Cascade.load(folder)
    assert (loaded.threshold, loaded.postprocess) == (0.1, PostProcess(threshold=0.25, min_size=3))


def test_save_refuses_a_folder_that_holds_something(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match="new or empty folder"):
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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "Expected settings by name"),
        ('{"threshold": "a"}', "Expected threshold to be a number"),
        ('{"other": 1}', "unexpected keyword argument 'other'"),
        ('{"format_version": 2, "threshold": 0.5}', "must be a mapping"),
        ('{"format_version": 3, "threshold": 0.5}', "Update resunet_kit"),
    ],
)
def test_settings_that_cannot_be_read_are_named(text, reason, tmp_path):
    folder = cascade().save(tmp_path / "cascade")
    (folder / "cascade.json").write_text(text)
    with pytest.raises(
        ValueError, match=rf"folder written by Cascade.save. Received .*, which cannot be read: .*{reason}"
    ):
        Cascade.load(folder)


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match=r"Expected threshold to be a number in \[0, 1\]"):
        cascade(threshold=1.5)
    with pytest.raises(TypeError, match="Expected postprocess to be a PostProcess"):
        Cascade(mean_classifier(), copying_segmenter(), postprocess=0.5)
    with pytest.raises(ValueError, match=r"Expected connectivity to be an integer in \[1, 2\]"):
        cascade(connectivity=3)
    with pytest.raises(ValueError, match="Expected batch_size"):
        cascade().predict(np.ones((1, SIDE, SIDE, 1)), batch_size=0)


def test_models_of_another_output_shape_are_refused():
    with pytest.raises(ValueError, match="Expected a classifier"):
        Cascade(copying_segmenter(), copying_segmenter())
    with pytest.raises(ValueError, match="Expected a segmenter"):
        Cascade(mean_classifier(), mean_classifier())
    with pytest.raises(TypeError, match=r"Expected segmenter to be a keras\.Model"):
        Cascade(mean_classifier(), None)


@pytest.mark.parametrize("shape", [(SIDE, SIDE, 1), (2, SIDE, SIDE, 3), (2, SIDE, SIDE)])
def test_images_of_another_rank_or_channels_are_refused(shape):
    with pytest.raises(ValueError, match="Expected images of shape"):
        cascade().predict(np.zeros(shape))
