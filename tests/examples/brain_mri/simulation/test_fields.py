import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import BSpline

from examples.brain_mri.simulation.fields import smooth_field, spline_basis


@given(samples=st.integers(1, 60), knots=st.integers(4, 20))
def test_basis_is_scipys_uniform_cubic_b_spline(samples: int, knots: int) -> None:
    position = np.linspace(0, knots - 3, samples)
    expected = BSpline.design_matrix(position, np.arange(-3, knots + 1), 3).toarray()
    np.testing.assert_allclose(spline_basis(samples, knots), expected, atol=1e-6)


def test_field_has_mean_zero_and_variance_one_at_every_point() -> None:
    rng = np.random.default_rng(0)
    fields = np.stack([smooth_field(rng, (3, 9, 8), (4, 5, 6)) for _ in range(2000)])
    np.testing.assert_allclose(fields.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(fields.std(axis=0), 1, atol=0.08)


@pytest.mark.parametrize(("few", "many"), [(4, 12), (12, 60)])
def test_more_knots_make_a_rougher_field(few: int, many: int) -> None:
    rng = np.random.default_rng(0)
    rough, smooth = (np.diff(smooth_field(rng, (2, 256, 256), (4, n, n)), axis=1).std() for n in (many, few))
    assert rough > 2 * smooth
