import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import BSpline

from resunet_kit.data.augmentation.bspline_field import control_points, dense, spline_basis


@given(st.integers(1, 40), st.integers(1, 6))
def test_basis_is_that_of_scipy(size, cells):
    positions = (np.arange(size) + 0.5) * cells / size
    expected = BSpline.design_matrix(positions, np.arange(-3, cells + 4.0), 3).toarray()
    np.testing.assert_allclose(spline_basis(size, cells), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(9, 14), (5, 6, 8)])
def test_a_field_is_the_sum_over_control_points(shape):
    points = np.random.default_rng(0).standard_normal(control_points(len(shape), 2)).astype(np.float32)
    expected = np.zeros(shape)
    for index in np.ndindex(points.shape):
        weights = [spline_basis(size, 2)[:, k] for size, k in zip(shape, index, strict=True)]
        expected += points[index] * np.prod(np.meshgrid(*weights, indexing="ij"), axis=0)
    np.testing.assert_allclose(dense(points, shape), expected, atol=1e-5)
    np.testing.assert_allclose(dense(points, shape, slice(2, 4)), expected[2:4], atol=1e-5)


def test_nobody_can_change_the_cached_basis():
    with pytest.raises(ValueError, match="read-only"):
        spline_basis(8, 2)[0] = 1
