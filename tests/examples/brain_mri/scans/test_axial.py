import itertools

import numpy as np
import pytest

from examples.brain_mri.scans.axial import axial_spacing, from_axial, slice_numbers, to_axial

ORDERS = list(itertools.permutations(range(3)))


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("signs", list(itertools.product((1, -1), repeat=3)), ids=str)
def test_every_orientation_becomes_the_same_slices_and_returns(order, signs):
    patient = np.arange(2 * 3 * 4).reshape(2, 3, 4)  # by right, anterior, superior
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, list(order)] * signs
    volume = patient.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    slices = to_axial(volume, affine)
    assert slices.shape == (4, 3, 2)
    assert (slices == patient.transpose(2, 1, 0)[:, ::-1, ::-1]).all()
    assert (from_axial(slices, affine) == volume).all()
    assert to_axial(volume[..., None], affine).shape == (4, 3, 2, 1)
    axis, numbers = slice_numbers(volume.shape, affine)
    for height, number in enumerate(numbers):
        assert set(np.take(volume, number, axis).ravel()) == set(patient[:, :, height].ravel())


def test_spacing_follows_the_axes_and_another_plane_is_refused():
    affine = np.diag([0.5, 0.6, 3.0, 1])
    assert axial_spacing((0.5, 0.6, 3.0), affine) == (3.0, 0.6, 0.5)
    coronal = np.array([[0.5, 0, 0, 0], [0, 0, 3, 0], [0, 0.6, 0, 0], [0, 0, 0, 1]])
    with pytest.raises(ValueError, match="another plane"):
        axial_spacing((0.5, 0.6, 3.0), coronal)


def test_an_affine_without_direction_is_refused():
    with pytest.raises(ValueError, match="each axis a direction"):
        to_axial(np.zeros((2, 2, 2)), np.diag([1.0, 1, 0, 1]))
