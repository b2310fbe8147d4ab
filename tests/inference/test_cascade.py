import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.data import PairBatches
from resunet_kit.inference import Cascade, Detection
from resunet_kit.masks import PostProcess, fill_holes, largest_component, remove_small
from resunet_kit.metrics import overlap_scores
from tests.inference.stages import SIDE, copying_segmenter, mean_classifier, sized


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


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match=r"Expected threshold to be a number in \[0, 1\]"):
        cascade(threshold=1.5)
    with pytest.raises(TypeError, match="Expected postprocess to be a PostProcess"):
        Cascade(mean_classifier(), copying_segmenter(), postprocess=0.5)
    with pytest.raises(ValueError, match=r"Expected connectivity to be an integer in \[1, 2\]"):
        cascade(connectivity=3)
    with pytest.raises(ValueError, match="Expected batch_size"):
        cascade().predict(np.ones((1, SIDE, SIDE, 1)), batch_size=0)
    for value_range in [(1, 0), (0, 1, 2), "unit", (0, np.nan)]:
        with pytest.raises(ValueError, match="Expected value_range"):
            Cascade(mean_classifier(), copying_segmenter(), value_range=value_range)
    with pytest.raises(TypeError, match="Expected value_range"):
        Cascade(mean_classifier(), copying_segmenter(), value_range=255)


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


# === NaN and what is not a probability ===

SHAPE = (5, SIDE, SIDE, 1)


def broken(stage, value, where=3):
    """Return a cascade whose `stage` gives `value` for image `where` of five, which alone has a mean above 0.9."""
    inputs = keras.Input((SIDE, SIDE, 1))
    chosen = keras.ops.mean(inputs, axis=(1, 2, 3), keepdims=True) > 0.9
    wrong = keras.ops.where(chosen, value, 0.5) + 0 * inputs
    classifier = keras.Model(inputs, wrong[:, 0, 0]) if stage == "classifier" else mean_classifier()
    segmenter = keras.Model(inputs, wrong) if stage == "segmenter" else copying_segmenter()
    return Cascade(classifier, segmenter, threshold=0)


@pytest.fixture
def five():
    """Five images, of which the fourth is bright."""
    images = np.full(SHAPE, 0.25, "float32")
    images[3] = 1
    return images


@pytest.mark.parametrize("batch_size", [2, 16])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("step", ["predict", "classify", "segment"])
def test_nan_in_an_image_names_it(step, value, batch_size, five):
    five[3, 2, 2] = value
    with pytest.raises(ValueError, match=r"finite numbers\. Received .* in image 3\. "):
        getattr(cascade(), step)(five, batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [2, 16])
@pytest.mark.parametrize(("value", "problem"), [(np.nan, "NaN"), (4.0, "logits"), (-0.5, "logits")])
@pytest.mark.parametrize(("stage", "step"), [("classifier", "classify"), ("segmenter", "segment")])
def test_outputs_that_are_no_probabilities_name_stage_and_image(stage, step, value, problem, batch_size, five):
    for run in (getattr(broken(stage, value), step), broken(stage, value).predict):
        with pytest.raises(ValueError, match=rf"from the {stage}.*image 3.*") as error:
            run(five, batch_size=batch_size)
        assert problem in str(error.value)


def test_the_cure_for_logits_works(five):
    inputs = keras.Input((SIDE, SIDE, 1))
    logits = keras.Model(inputs, 8.0 * inputs - 4.0)
    with pytest.raises(ValueError, match=r"keras\.ops\.sigmoid\(model\.outputs\[0\]\)"):
        Cascade(mean_classifier(), logits).segment(five)
    cured = keras.Model(logits.input, keras.ops.sigmoid(logits.outputs[0]))
    assert Cascade(mean_classifier(), cured).segment(five).max() == pytest.approx(1 / (1 + np.exp(-4)))


@pytest.mark.parametrize("classes", [2, 4])
def test_classes_that_may_overlap_are_refused_with_a_cure_that_works(classes, five):
    five *= 0.8  # of four classes, 0.25 would sum to 1
    inputs = keras.Input((SIDE, SIDE, 1))
    overlapping = keras.Model(inputs, keras.ops.concatenate([inputs] * classes, axis=-1))
    with pytest.raises(ValueError, match=rf"sum 1 over the {classes} classes of the segmenter.*image 0.*"):
        Cascade(mean_classifier(), overlapping).segment(five)
    alone = keras.Model(overlapping.input, overlapping.outputs[0][..., 1:2])
    np.testing.assert_array_equal(Cascade(mean_classifier(), alone).segment(five), five)
    pooled = keras.Model(inputs, keras.ops.mean(overlapping(inputs), axis=(1, 2)))
    with pytest.raises(ValueError, match="of the classifier"):
        Cascade(pooled, copying_segmenter()).classify(five)


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_mark_names_what_is_no_probability(classes):
    good = np.full((4, 6, 6, classes), 1 / classes)
    for value in (np.nan, np.inf, 3.0, -1.0):
        wrong = good.copy()
        wrong[2, 1, 1] = value
        with pytest.raises(ValueError, match="image 2"):
            cascade().mark(wrong)
        with pytest.raises(ValueError, match="image 2"):
            cascade().mark([*good[:2], wrong[2, :5], good[0]])
    with pytest.raises(ValueError, match=r"shape \(n, height, width, classes\)"):
        cascade().mark(good[0])
    with pytest.raises(TypeError, match="as numbers"):
        cascade().mark(np.full((1, 2, 2, 1), "a"))


# === The range of images ===


def random_images(dtype="float32", scale=1.0, shift=0.0, count=3):
    values = np.random.default_rng(0).random((count, SIDE, SIDE, 1)) * scale + shift
    return values.round().astype(dtype) if np.dtype(dtype).kind in "iu" else values.astype(dtype)


WRONG_BY_DEFAULT = {
    "uint8": random_images("uint8", 255),
    "dark uint8": random_images("uint8", 1),
    "uint16": random_images("uint16", 4095),
    "int64": random_images("int64", 255),
    "uint8 as floats": random_images("uint8", 255).astype("float32"),
    "dark, as floats": random_images("uint8", 9).astype("float64"),
    "resized 0-255": random_images(scale=255),
}
RIGHT_BY_DEFAULT = {
    "0-1": random_images(),
    "0-1 float16": random_images("float16"),
    "black": random_images(scale=0),
    "standardised": random_images(scale=6, shift=-2),
    "standardised with hot pixels": random_images(scale=99, shift=-1),
    "caffe": random_images(scale=255, shift=-110),
    "beyond 1 by resampling": random_images(scale=1.2),
    "booleans": random_images() > 0.5,
}


@pytest.fixture(scope="module")
def halves():
    """Two models that give 0.5 whatever the image."""
    half = keras.layers.Lambda(lambda x: 0 * x + 0.5)
    return mean_classifier(front=half), copying_segmenter(front=half)


@pytest.mark.parametrize("kind", WRONG_BY_DEFAULT)
@pytest.mark.parametrize("step", ["predict", "classify", "segment"])
def test_raw_intensities_are_refused_with_cures_that_work(step, kind, halves):
    images = WRONG_BY_DEFAULT[kind]
    with pytest.raises(ValueError, match=r"image 0 of dtype .*images / 255.*value_range=\(0, 255\)"):
        getattr(Cascade(*halves), step)(images)
    getattr(Cascade(*halves), step)(images / images.max())
    getattr(Cascade(*halves, value_range=(0, 4095)), step)(images)


@pytest.mark.parametrize("kind", RIGHT_BY_DEFAULT)
def test_images_of_no_raw_range_pass(kind, halves):
    made = Cascade(*halves)
    assert len(made.predict(RIGHT_BY_DEFAULT[kind])) == 3


def divide(x):
    return keras.layers.Rescaling(1 / 255)(x)


def test_models_that_divide_themselves_take_raw_intensities_and_refuse_divided_ones(images):
    made = Cascade(mean_classifier(front=divide), copying_segmenter(front=divide), threshold=0.05)
    raw = (images * 255).astype("uint8")
    assert [found.area for found in made.predict(raw)] == [0, 25, 24]
    assert [found.area for found in made.predict(raw.astype("float32"))] == [0, 25, 24]
    with pytest.raises(ValueError, match=r"image 1 .*images \* 255"):
        made.predict(images * 0.9)
    assert [found.area for found in made.predict(images * 0.9 * 255)] == [0, 25, 24]
    mixed = Cascade(mean_classifier(front=divide), copying_segmenter())
    with pytest.raises(ValueError, match="images / 255"):
        mixed.predict(raw)


def test_a_declared_range_is_checked_both_ways_saved_and_may_be_none(tmp_path, images):
    made = Cascade(mean_classifier(), copying_segmenter(), threshold=0.05, value_range=(np.float32(0), np.int64(1)))
    assert [found.area for found in made.predict(images)] == [0, 25, 24]
    for wrong in (images - 0.5, images * 2, images.astype("uint8")):
        with pytest.raises(ValueError, match=r"Expected .* from 0 to 1"):
            made.predict(wrong)
    loaded = Cascade.load(made.save(tmp_path / "cascade"))
    assert loaded.value_range == made.value_range == (0.0, 1.0)
    loaded.value_range = None
    assert loaded.predict(images.astype("uint8"))[1].area == 25
    assert Cascade.load(loaded.save(tmp_path / "any")).value_range is None


# === Settings ===


def test_numpy_scalars_set_later_are_saved_too(tmp_path):
    made = cascade()
    made.threshold = np.float32(0.1)
    made.postprocess = PostProcess(threshold=np.float16(0.3), low_threshold=np.array(0.2), keep_largest=np.uint8(2))
    loaded = Cascade.load(made.save(tmp_path / "cascade"))
    assert (loaded.threshold, loaded.postprocess) == (made.threshold, made.postprocess)
    with pytest.raises(ValueError, match="Expected threshold"):
        made.threshold = 2
    with pytest.raises(TypeError, match="Expected postprocess"):
        made.postprocess = 0.5


# === Images of several sizes, generators and datasets ===


def several(count=7):
    """Return images of two sizes, alternating, with brighter and brighter blocks."""
    return [sized(16 + 4 * (index % 2), level=(index + 1) / count) for index in range(count)]


def variable(**options):
    return Cascade(
        mean_classifier(side=None), copying_segmenter(side=None), threshold=0.02, postprocess=PostProcess(**options)
    )


@pytest.mark.parametrize("batch_size", [1, 2, 3, 16])
@pytest.mark.parametrize("form", [list, tuple, iter, lambda images: (image for image in images)])
def test_images_of_several_sizes_give_what_each_gives_alone(form, batch_size):
    made, images = variable(threshold=0.5), several()
    alone = [made.predict(image[None])[0] for image in images]
    assert [found.area for found in alone] == [0, 0, 0, 16, 16, 16, 16]
    for found, expected in zip(made.predict(form(images), batch_size=batch_size), alone, strict=True):
        assert (found.probability, found.boxes) == (expected.probability, expected.boxes)
        np.testing.assert_array_equal(found.mask, expected.mask)
    segmented = made.segment(form(images), batch_size=batch_size)
    assert isinstance(segmented, list)
    for map_, mask, image in zip(segmented, made.mark(segmented), images, strict=True):
        np.testing.assert_array_equal(map_, image)
        np.testing.assert_array_equal(mask, image[..., 0] >= 0.5)
    np.testing.assert_allclose(made.classify(form(images)), [image.mean() for image in images], rtol=1e-6)


def test_lists_of_one_size_give_arrays(images):
    assert cascade().segment(list(images)).shape == images.shape
    assert cascade().mark(list(images)).shape == images.shape[:3]
    assert cascade().predict([]) == []
    assert cascade().classify(iter([])).shape == (0,)


def datasets(images, masks):
    tensors = tf.data.Dataset.from_tensor_slices
    return {
        "images": tensors(images).batch(2),
        "one by one": tensors(images),
        "with masks": tensors((images, masks)).batch(2),
        "with weights": tensors((images, masks, masks)).batch(2),
        "mapped": tensors(images).map(lambda image: image).batch(2),
        "arrays": (images[start : start + 2] for start in range(0, len(images), 2)),
        "tuples of one": ((image,) for image in images),
        "tensors": (keras.ops.convert_to_tensor(image) for image in images),
        "pairs as a list": [[images, masks]][0:1] and iter([[images, masks]]),
    }


@pytest.mark.parametrize("kind", datasets(np.zeros((2, 4, 4, 1)), np.zeros((2, 4, 4, 1))))
def test_datasets_and_generators_give_what_the_array_gives(kind, images):
    expected = cascade().predict(images)
    found = cascade().predict(datasets(images, np.ones_like(images))[kind], batch_size=2)
    assert [item.area for item in found] == [item.area for item in expected] == [0, 25, 24]
    np.testing.assert_array_equal(
        cascade().segment(datasets(images, np.ones_like(images))[kind]), cascade().segment(images)
    )


def test_batches_of_keras_and_of_files(images, tmp_path):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return images[2 * index : 2 * index + 2], np.zeros(1)

    assert [found.area for found in cascade().predict(Batches())] == [0, 25, 24]
    for index, image in enumerate(images):
        np.save(tmp_path / f"{index}.npy", (image * 255).astype("uint8"))
    paths = [tmp_path / f"{index}.npy" for index in range(3)]
    assert [found.area for found in cascade().predict(PairBatches(paths, paths, batch_size=2))] == [0, 25, 24]
    assert [found.area for found in cascade().predict(PairBatches(paths, None, batch_size=2))] == [0, 25, 24]


@pytest.mark.parametrize("sizes", [1, 2, 40])
def test_few_images_of_a_generator_are_in_memory(sizes):
    alive = peak = 0

    class Image(np.ndarray):
        """An array that owns its pixels, so that it lives as long as any view of them."""

    def died():
        nonlocal alive
        alive -= 1

    def generator():
        nonlocal alive, peak
        for index in range(400):
            pixels = sized(16 + index % sizes if index else 99, level=1.0)
            image = Image(pixels.shape, "float32")
            image[...] = pixels
            weakref.finalize(image, died)
            alive += 1
            peak = max(peak, alive)
            yield image
            del image

    made = variable()
    made.segmenter.predict_on_batch = lambda batch: np.asarray(batch)
    made.classifier.predict_on_batch = lambda batch: np.ones((len(batch), 1))
    assert sum(found.area for found in made.stream(generator(), batch_size=4)) == 400 * 16
    assert 0 < peak <= 60


def test_a_stream_gives_results_while_images_come():
    seen = []

    def generator():
        for index in range(40):
            seen.append(index)
            yield sized(SIDE - 2, level=1.0)[:, :SIDE]

    stream = cascade().stream(generator(), batch_size=4)
    next(stream)
    assert len(seen) < 30
    assert len(list(stream)) == 39


@pytest.mark.parametrize("kind", ["array", "generator", "mixed"])
def test_the_progress_bar_counts_the_images(kind, capsys):
    images = several() if kind == "mixed" else np.stack(several()[::2])
    count = len(images)
    made = variable()
    made.predict(iter(images) if kind == "generator" else images, batch_size=2, verbose=1)
    shown = capsys.readouterr().out
    assert f"{count}/{count if kind != 'generator' else 'Unknown'}" in shown
    made.predict(images)
    assert capsys.readouterr().out == ""


def test_errors_name_the_image_of_a_stream():
    images = several()
    images[5][0, 0] = np.nan
    with pytest.raises(ValueError, match="image 5"):
        variable().predict(iter(images), batch_size=2)
    images[2] = images[2].astype("uint8")
    with pytest.raises(ValueError, match="image 2 of dtype uint8"):
        variable().predict(tuple(images))


# === Other engines ===


class Engine:
    """What `accelerate` gives: predicts by a model of its own, and knows the Keras model that it was made of."""

    def __init__(self, model):
        self.model = model
        self.input_shape, self.output_shape = model.input_shape, model.output_shape

    def predict_on_batch(self, x):
        return np.asarray(self.model(x))


def test_stages_may_be_predictors_and_the_keras_models_are_saved(tmp_path, images):
    made = Cascade(Engine(mean_classifier()), Engine(copying_segmenter()), threshold=0.05)
    assert [found.area for found in made.predict(images)] == [0, 25, 24]
    loaded = Cascade.load(made.save(tmp_path / "cascade"))
    assert isinstance(loaded.segmenter, keras.Model)
    assert [found.area for found in loaded.predict(images)] == [0, 25, 24]
    divided = Cascade(Engine(mean_classifier(front=divide)), Engine(copying_segmenter(front=divide)), threshold=0.05)
    assert divided.predict((images * 255).astype("uint8"))[1].area == 25


@pytest.mark.parametrize(
    "engine", ["keras", pytest.param("openvino", marks=pytest.mark.slow), pytest.param("auto", marks=pytest.mark.slow)]
)
def test_an_accelerated_cascade_finds_the_same_and_saves_its_keras_models(engine, tmp_path, images):
    made = cascade(min_size=2)
    fast = made.accelerate(engine=engine, images=images, cache=False, seconds=1)
    assert {stage.engine for stage in (fast.classifier, fast.segmenter)} <= {"keras", "openvino", "onnxruntime"}
    assert (fast.threshold, fast.postprocess, fast.value_range) == (made.threshold, made.postprocess, made.value_range)
    for a, b in zip(fast.predict(images), made.predict(images), strict=True):
        assert a.probability == pytest.approx(b.probability, abs=1e-3)
        np.testing.assert_array_equal(a.mask, b.mask)
    truths = images > 0.5
    assert fast.tune(images, truths, sensitivity=1.0).tuning.sensitivity == 1
    loaded = Cascade.load(fast.save(tmp_path / "cascade"))
    assert (type(loaded.segmenter), loaded.threshold) == (type(made.segmenter), fast.threshold)
