import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from resunet_kit.losses import Boundary, HausdorffDistance, boundary, hausdorff_distance
from resunet_kit.masks import signed_distance_map
from tests.gradients import value_and_gradient

TWINS = {Boundary: boundary, HausdorffDistance: hausdorff_distance}


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def field(mask, spacing=None):
    """Return distances to the border as SciPy has them, without a sign; 0 where there is no border."""
    if mask.all() or not mask.any():
        return np.zeros(mask.shape)
    inside, outside = (ndimage.distance_transform_edt(part, sampling=spacing) for part in (mask, ~mask))
    return inside + outside


def karimi(truth, prediction, exponent=2.0, spacing=None):
    """Return the loss of one image and class as the paper writes it."""
    far = field(truth > 0.5, spacing) ** exponent + field(prediction >= 0.5, spacing) ** exponent
    return np.mean((truth - prediction) ** 2 * far)


def kervadec(truth, prediction, spacing=None):
    return np.mean(field(truth > 0.5, spacing) * np.where(truth > 0.5, -1, 1) * prediction)


EXPECTED = {Boundary: kervadec, HausdorffDistance: karimi}


def pairs(spatial, seed=0):
    rng = np.random.default_rng(seed)
    truth = (ndimage.gaussian_filter(rng.normal(size=(3, *spatial, 2)), (0, *[1] * len(spatial), 0)) > 0.1).astype(
        "float32"
    )
    truth[1, ..., 0], truth[2, ..., 1] = 0, 1
    return truth, rng.random(truth.shape).astype("float32")


# --- Values ---


@settings(max_examples=20)
@given(st.sampled_from([Boundary, HausdorffDistance]), hnp.array_shapes(min_dims=2, max_dims=3, max_side=7), st.data())
def test_values_are_those_of_scipys_distances(kind, spatial, data):
    spacing = data.draw(st.none() | st.tuples(*[st.floats(0.5, 3)] * len(spatial)))
    truth, prediction = pairs(spatial, data.draw(st.integers(0, 2**32 - 1)))
    found = numpy_of(TWINS[kind](truth, prediction, multilabel=True, spacing=spacing))
    each = [
        [EXPECTED[kind](truth[image, ..., c], prediction[image, ..., c], spacing=spacing) for c in range(2)]
        for image in range(3)
    ]
    np.testing.assert_allclose(found, np.mean(each, axis=1), rtol=1e-4, atol=1e-5)


def test_the_values_are_those_of_monai():
    """HausdorffDTLoss(reduction="none") of MONAI 1.6.1, run on these tensors, whose mean over pixels ours is."""
    truth, prediction = np.zeros((1, 6, 6, 1)), np.zeros((1, 6, 6, 1))
    truth[0, 1:4, 2:5], prediction[0, 2:5, 1:5] = 1, 0.75
    assert float(HausdorffDistance()(truth, prediction)) == pytest.approx(0.40625, rel=1e-6)


def test_unit_cases_by_hand():
    truth = np.zeros((1, 1, 5, 1))
    truth[:, :, :2] = 1  # distances -2 -1 1 2 3
    assert float(Boundary()(truth, truth)) == pytest.approx(-3 / 5)
    assert float(Boundary(spacing=2)(truth, truth)) == pytest.approx(-6 / 5)
    wrong = truth.copy()
    wrong[:, :, 4] = 1  # its own distances -2 -1 1 1 -1
    assert float(HausdorffDistance()(truth, wrong)) == pytest.approx((3**2 + 1**2) / 5)
    assert float(HausdorffDistance(exponent=1)(truth, wrong)) == pytest.approx((3 + 1) / 5)


# --- Masks without a border, maps, batches ---


@pytest.mark.parametrize("kind", TWINS)
@pytest.mark.parametrize("value", [0, 1])
def test_a_mask_without_a_border_has_no_distances(kind, value):
    truth = np.full((2, 5, 4, 1), value, "float32")
    flat = np.full_like(truth, 0.3)  # no pixel reaches one half: no border either
    assert float(kind()(truth, flat)) == 0
    assert float(kind()(truth, truth)) == 0


@pytest.mark.parametrize("kind", TWINS)
@pytest.mark.parametrize("spatial", [(7, 6), (4, 5, 6)])
def test_maps_of_the_pipeline_give_the_same_as_masks(kind, spatial):
    truth, prediction = pairs(spatial)
    truth[2, ..., 1] = 0  # of a full mask a map tells nothing
    maps = np.stack([np.stack([signed_distance_map(m) for m in np.moveaxis(t, -1, 0)], -1) for t in truth])
    expected = kind(reduction=None)(truth, prediction)
    for told in (None, True):
        np.testing.assert_allclose(kind(reduction=None, distance_maps=told)(maps, prediction), expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"a mask in \[0, 1\]"):
        kind(distance_maps=False)(maps, prediction)


@pytest.mark.parametrize("kind", TWINS)
@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_scipys_distances_to_nothing_are_no_border(kind, compiled):
    """SciPy measures an empty mask's distances to a point outside, none of which is 0; in a batch and alone."""
    truth = np.zeros((3, 6, 5, 1), "float32")
    truth[0, 2:4, 1:3], truth[2] = 1, 1
    maps = np.stack(
        [ndimage.distance_transform_edt(1 - mask) - ndimage.distance_transform_edt(mask) for mask in truth[..., 0]]
    )[..., None]
    prediction = np.full_like(truth, 0.25)
    for images in (slice(None), slice(1, 2), slice(2, 3)):
        expected = float(kind()(truth[images], prediction[images]))
        found, _ = value_and_gradient(
            lambda x, images=images: kind()(keras.ops.cast(maps[images], "float32"), x),
            prediction[images],
            compiled=compiled and keras.backend.backend() != "torch",
        )
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", TWINS)
def test_images_of_a_batch_do_not_see_each_other(kind):
    truth, prediction = pairs((6, 7))
    alone = [float(kind()(truth[i : i + 1], prediction[i : i + 1])) for i in range(3)]
    assert float(kind(reduce="batch")(truth, prediction)) == pytest.approx(np.mean(alone), rel=1e-5)


@pytest.mark.parametrize("kind", TWINS)
def test_labels_and_ignored_pixels(kind):
    labels = np.random.default_rng(0).integers(0, 3, (2, 6, 5))
    prediction = numpy_of(keras.ops.softmax(np.random.default_rng(1).normal(size=(2, 6, 5, 3)).astype("float32")))
    one_hot = np.eye(3, dtype="float32")[labels]
    expected = float(kind()(one_hot, prediction))
    assert float(kind()(labels, prediction)) == pytest.approx(expected, rel=1e-6)
    kept = (labels != 2).astype("float32")
    by_weight = float(kind(class_weights=(1, 1, 0))(one_hot, prediction, kept))
    assert float(kind(ignore_class=2)(labels, prediction)) == pytest.approx(by_weight, rel=1e-5)


# --- Bad input ---


@pytest.mark.parametrize("kind", TWINS)
def test_truths_and_options_that_do_not_fit_are_refused(kind):
    truth, prediction = pairs((6, 7))
    with pytest.raises(ValueError, match="Expected spacing to be one value for all axes, or one for each of 2"):
        kind(spacing=(1, 1, 1))(truth, prediction)
    with pytest.raises(ValueError, match="of the prediction's shape"):
        kind(distance_maps=True)(truth[..., :1], prediction)
    with pytest.raises(ValueError, match="sample_weight"):
        kind(distance_maps=True, ignore_class=1)(truth, prediction)
    with pytest.raises(ValueError, match="NaN"):
        kind(distance_maps=True)(truth * np.nan, prediction)
    with pytest.raises(ValueError, match="Divide a 0/255 mask by 255"):
        kind()(truth * 255, prediction)
