import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from resunet_kit.losses import CenterlineDice, centerline_dice


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def skeleton(x, iterations):
    """Return the authors' soft skeleton by SciPy's filters: ridges that an opening takes away."""
    cross, box = ndimage.generate_binary_structure(x.ndim, 1), np.ones((3,) * x.ndim)
    found = np.zeros_like(x)
    for _ in range(iterations + 1):
        eroded = ndimage.minimum_filter(x, footprint=cross, mode="constant", cval=np.inf)
        opened = ndimage.maximum_filter(eroded, footprint=box, mode="constant", cval=-np.inf)
        found += (1 - found) * np.maximum(x - opened, 0)
        x = eroded
    return found


def cl_dice(truth, prediction, iterations=3, smooth=1.0):
    """Return the loss of one image and class as the paper writes it."""
    own, other = skeleton(prediction, iterations), skeleton(truth, iterations)
    precision = ((own * truth).sum() + smooth) / (own.sum() + smooth)
    sensitivity = ((other * prediction).sum() + smooth) / (other.sum() + smooth)
    return 1 - 2 * precision * sensitivity / (precision + sensitivity)


def vessel():
    """Return a winding band and a soft one beside it, `(1, 12, 16, 1)`."""
    rows, columns = np.mgrid[:12, :16]
    truth = abs(rows - 6 - 2 * np.sin(columns / 3)) < 2.5
    prediction = np.clip(1.1 - abs(rows - 5 - 2 * np.sin(columns / 3.5)) / 4, 0, 1)
    return truth.astype("float64")[None, ..., None], prediction[None, ..., None]


@settings(max_examples=20)
@given(hnp.array_shapes(min_dims=2, max_dims=3, max_side=7), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_values_are_those_of_scipys_filters(spatial, iterations, seed):
    rng = np.random.default_rng(seed)
    truth, prediction = (rng.random((2, *spatial, 2)) > 0.6).astype("float32"), rng.random((2, *spatial, 2))
    each = [
        [cl_dice(truth[i, ..., c].astype(float), prediction[i, ..., c], iterations) for c in range(2)] for i in range(2)
    ]
    found = centerline_dice(truth, prediction, iterations=iterations, multilabel=True)
    np.testing.assert_allclose(numpy_of(found), np.mean(each, axis=1), atol=1e-5)


@pytest.mark.parametrize(("iterations", "expected"), [(3, 0.045835521029389925), (5, 0.045835521029389925)])
def test_the_values_are_those_of_monai(iterations, expected):
    """SoftclDiceLoss(iterations, smooth=1e-12) of MONAI 1.6.1, run on these tensors."""
    assert float(CenterlineDice(iterations=iterations)(*vessel())) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("smooth", [0, 1])
@pytest.mark.parametrize("spatial", [(9, 9), (5, 6, 7)])
def test_perfect_masks_give_0(smooth, spatial):
    truth = np.zeros((3, *spatial, 1))
    truth[0, 2:5], truth[1] = 1, 1
    np.testing.assert_allclose(numpy_of(centerline_dice(truth, truth, smooth=smooth)), 0, atol=1e-6)


def test_a_break_costs_more_than_a_thinner_vessel():
    truth = np.zeros((1, 9, 32, 1))
    truth[:, 3:6] = 1
    thin, broken = truth.copy(), truth.copy()
    thin[:, 3] = thin[:, 5] = 0  # 64 pixels less
    broken[:, :, 10:14] = 0  # 12 pixels less
    assert float(CenterlineDice()(truth, thin)) < 0.05 < float(CenterlineDice()(truth, broken))


def test_images_of_a_batch_do_not_see_each_other():
    """Joined along the height, a skeleton would run on from one image into the next."""
    truth, prediction = (np.concatenate([x, x[:, ::-1], x]) for x in vessel())
    alone = float(CenterlineDice(smooth=0)(truth[:1], prediction[:1]))
    assert float(CenterlineDice(smooth=0, reduce="batch")(truth, prediction)) == pytest.approx(alone, rel=1e-5)


def test_pixels_without_weight_do_not_count():
    truth, prediction = vessel()
    weight = np.ones_like(truth)
    weight[:, :, 8:] = 0
    left = [(skeleton(x[0, ..., 0], 3)[:, :8], y[0, :, :8, 0]) for x, y in ((prediction, truth), (truth, prediction))]
    precision, sensitivity = (((s * y).sum() + 1) / (s.sum() + 1) for s, y in left)
    expected = 1 - 2 * precision * sensitivity / (precision + sensitivity)
    assert float(CenterlineDice()(truth, prediction, weight)) == pytest.approx(expected, rel=1e-5)
