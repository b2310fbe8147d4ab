import numpy as np
import pytest
from scipy import ndimage, stats

from resunet_kit.data.augmentation import intensity
from resunet_kit.data.augmentation.random_streams import RandomStreams


def image():
    return np.random.default_rng(0).random((2, 10, 12), np.float32) * 4 - 1


def changed(step, *strengths, generator=None):
    result = image()
    step(result, np.array(strengths, float), generator or np.random.default_rng(1))
    return result


def test_brightness_and_contrast():
    added = changed(intensity.brightness, 0.2, -0.1) - image()
    np.testing.assert_allclose(added, np.broadcast_to([[[0.2]], [[-0.1]]], added.shape), atol=1e-6)
    means = image().mean(axis=(1, 2), keepdims=True)
    expected = means + (image() - means) * [[[1.5]], [[0.5]]]
    np.testing.assert_allclose(changed(intensity.contrast, 1.5, 0.5), expected, atol=1e-5)


def test_gamma_bends_the_images_own_range():
    low, high = image().min(), image().max()
    expected = low + ((image() - low) / (high - low)) ** 0.7 * (high - low)
    np.testing.assert_allclose(changed(intensity.gamma, 0.7, 0.7), expected, atol=1e-5)
    constant = np.full((1, 4, 4), 3, np.float32)
    intensity.gamma(constant, np.array([0.5]), np.random.default_rng(0))
    assert (constant == 3).all()


def test_blur_is_scipys_and_zero_is_none():
    result = changed(intensity.blur, 1.3, 0)
    np.testing.assert_allclose(result[0], ndimage.gaussian_filter(image()[0], 1.3, truncate=3), atol=1e-6)
    assert np.array_equal(result[1], image()[1])


def test_noise_has_the_deviation():
    flat = np.zeros((2, 200, 200), np.float32)
    intensity.noise(flat, np.array([0.5, 0.1]), np.random.default_rng(0))
    np.testing.assert_allclose(flat.std(axis=(1, 2)), [0.5, 0.1], rtol=0.02)
    np.testing.assert_allclose(flat.mean(axis=(1, 2)), 0, atol=0.01)


def test_noise_is_normal():
    quantiles = intensity.normal_quantiles()
    assert len(np.unique(quantiles)) == 2**16
    assert quantiles.std() == pytest.approx(1, abs=1e-6)
    flat = np.zeros((1, 100, 100), np.float32)
    intensity.noise(flat, np.array([2.0]), np.random.default_rng(0))
    assert stats.kstest(flat.ravel() / 2, "norm").pvalue > 0.01


def test_bias_field_is_smooth_and_bounded():
    flat = np.ones((1, 64, 64), np.float32)
    intensity.bias_field(flat, np.array([0.4]), np.random.default_rng(0))
    assert np.abs(np.log(flat)).max() <= 0.4
    assert np.log(flat).std() > 0.02
    assert max(np.abs(step).max() for step in np.gradient(flat[0])) < 0.03


@pytest.mark.parametrize("shape", [(20, 30), (8, 10, 12)])
def test_cutout_is_one_box_in_all_channels(shape):
    flat = np.ones((2, *shape), np.float32)
    intensity.cutout(flat, np.array([0.5]), np.random.default_rng(0), value=-1.0)
    assert np.array_equal(flat[0], flat[1])
    [box] = ndimage.find_objects((flat[0] == -1).astype(int))
    assert [part.stop - part.start for part in box] == [size // 2 for size in shape]
    assert (flat[0][box] == -1).all()
    for fraction in (0.0, 1.0):
        flat = np.ones((1, *shape), np.float32)
        intensity.cutout(flat, np.array([fraction]), np.random.default_rng(0))
        assert (flat == 0).mean() == fraction


def test_vary_says_whether_something_happened():
    def streams(probability):
        ranges, probabilities = {"brightness": (1, 1)}, {"brightness": probability}
        return RandomStreams(ranges=ranges, probabilities=probabilities, seed=0, index=0)

    assert not intensity.vary(image(), streams(0.0), per_channel=False, hidden=0)
    assert intensity.vary(image(), streams(1.0), per_channel=False, hidden=0)
