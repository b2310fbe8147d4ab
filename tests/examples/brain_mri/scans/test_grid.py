from dataclasses import replace

import numpy as np
import pytest

from examples.brain_mri.scans.grid import Grid

AXIAL = np.eye(3)[:, [2, 1, 0]] * [1, -1, -1]  # rows to the back, columns to the left: as radiologists see it
TURNED = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)) * 0.1 + AXIAL)[0]
TURNED *= np.sign((TURNED * AXIAL).sum(axis=0))
ONTO = Grid(AXIAL, np.outer([0.0, 5.0, 10.0], [0, 0, 1]), (24, 20), (0.5, 0.8), 5.0, "frame")


def make(heights, directions=AXIAL, corner=(0.0, 0.0, 0.0), **changes):
    """Return slices at distances from a corner along their normal."""
    origins = np.array(corner) + np.outer(heights, directions[:, 0])
    return replace(ONTO, directions=directions, origins=origins, **changes)


def positions(grid):
    """Return where each pixel lies, `(slices, rows, columns, 3)`, from its first pixel and steps."""
    rows, columns = np.mgrid[: grid.shape[0], : grid.shape[1]][..., None]
    steps = (
        rows * grid.pixel_spacing[0] * grid.directions[:, 1] + columns * grid.pixel_spacing[1] * grid.directions[:, 2]
    )
    return grid.origins[:, None, None] + steps


def ramp(grid):
    """Return intensities that grow linearly in the patient, in a direction that no axis has."""
    return positions(grid) @ [2.0, -3.0, 5.0] + 70


@pytest.mark.parametrize("directions", [AXIAL, TURNED], ids=["axial", "turned"])
def test_the_affine_says_where_pixels_lie(directions):
    grid = make([0, 5, 10], directions)
    indices = np.indices((3, *grid.shape)).reshape(3, -1)
    found = (grid.affine @ [*indices, np.ones(indices.shape[1])])[:3].T
    assert found == pytest.approx(positions(grid).reshape(-1, 3), abs=1e-9)


@pytest.mark.parametrize("directions", [AXIAL, TURNED], ids=["axial", "turned"])
def test_resampling_finds_the_same_positions_in_another_grid(directions):
    onto = make([0, 5, 17])  # with a gap
    corner = directions @ [-25.0, -20.0, -20.0]
    other = make(np.arange(0, 70, 1.5), directions, corner, shape=(90, 90), pixel_spacing=(0.7, 0.6))
    assert other.mismatch(onto) is None
    assert other.resample(ramp(other), onto) == pytest.approx(ramp(onto), abs=1e-6)


def test_resampling_to_its_own_grid_changes_nothing():
    grid = make([0, 5, 17], TURNED)
    values = np.random.default_rng(0).random((3, 24, 20))
    even = make([0, 5, 10], TURNED)
    assert even.resample(values, even) == pytest.approx(values, abs=1e-9)
    assert even.resample(values, grid)[:2] == pytest.approx(values[:2], abs=1e-9)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (make([0, 5, 10], frame="other"), "another frame of reference"),
        (make([2.4, 7.4, 12.4]), None),  # half a slice beyond
        (make([2.6, 7.6, 12.6]), "does not cover"),
        (make([1, 2, 3, 4, 5, 6, 7, 8]), None),  # half of FLAIR's thicker slices
        (make([0, 5]), "does not cover"),
        (make([0]), "does not cover"),
        (make([10, 15, 20]), "does not cover"),
        (make([0, 5, 10], corner=(-3.0, 0.0, 0.0)), "does not cover"),
        (make([0, 5, 10], shape=(20, 18)), "does not cover"),
        (make([0, 5, 10, 14]), "not evenly spaced"),
        (make([0, 5, 20]), "not evenly spaced"),
        (make([0, 5, 5, 10]), "at one position"),
        (make([0, 5], AXIAL[:, [2, 1, 0]]), "another plane"),
    ],
)
def test_what_cannot_be_resampled_is_said(other, why):
    found = other.mismatch(ONTO)
    assert found is None if why is None else why in found


def test_rounded_and_sheared_positions_are_followed():
    onto = make([0, 5, 10, 15])
    heights = np.linspace(-1, 16, 60)
    for shift in (np.zeros(3), np.array([0, 0.3, 0])):  # the stack of a tilted gantry
        other = make(heights, corner=(6.0, 4.0, 0.0), shape=(90, 90))
        other = replace(other, origins=(other.origins + np.outer(heights, shift)).round(2))
        assert other.mismatch(onto) is None
        assert other.resample(ramp(other), onto) == pytest.approx(ramp(onto), abs=0.1)  # 2 to 5 per millimetre


def test_beside_the_other_grid_is_its_darkest_value():
    other = make([0, 5, 10], corner=(-1.6, -1.0, 0.0), shape=(20, 16))
    found = other.resample(np.full((3, 20, 16), 7.0) + np.arange(3)[:, None, None], ONTO)
    assert (found[:, 2:22, 2:18] == np.array([7, 8, 9])[:, None, None]).all()
    assert (found[:, 0] == 7).all()
    assert (found[:, :, -1] == 7).all()


def test_the_depth_is_the_smallest_distance_or_the_thickness():
    assert make([0, 10, 15]).spacing() == (5.0, 0.5, 0.8)
    assert make([0, 4.9, 10]).spacing() == (5.0, 0.5, 0.8)
    assert make([7]).spacing() == (5.0, 0.5, 0.8)
    assert make([7], thickness=0).spacing() is None


def test_uneven_distances_are_told():
    assert make([0, 5, 10]).uneven() is None
    assert "has gaps" in make([0, 5, 15]).uneven()
    assert "5 to 6 mm apart" in make([0, 5, 11]).uneven()
    assert make([7]).uneven() is None


def test_another_plane_is_refused():
    with pytest.raises(ValueError, match="scanned in another plane"):
        make([0, 5], AXIAL[:, [2, 1, 0]]).spacing()
