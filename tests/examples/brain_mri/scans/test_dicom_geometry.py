import numpy as np
import pytest

from examples.brain_mri.scans.dicom_files import read_header
from examples.brain_mri.scans.dicom_geometry import gap_notes, grid, height, mismatch, resampled
from tests.examples.brain_mri.volume_files import AXIAL, dicom_slice, write_series

OBLIQUE = (0.96, 0.28, 0, -0.28, 0.96, 0)
TILTED = (1, 0, 0, 0, 0.8, 0.6)
ZERO = np.zeros((24, 20), np.uint16)


def sources_of(folder):
    """Return the files of a folder with their headers, in the order of heights."""
    found = [(path, read_header(path)) for path in sorted(folder.iterdir())]
    return sorted(found, key=lambda source: height(source[1]))


def slices(heights, shape=(24, 20), corner=(-8.0, -6.0), orientation=AXIAL, **tags):
    """Return slices, one for each distance along the normal, that are not written to disk."""
    row, column = np.reshape(orientation, (2, 3))
    positions = [np.array([*corner, 0.0]) + distance * np.cross(row, column) for distance in heights]
    return [
        (f"im{number}", dicom_slice(np.zeros(shape), number, position, series="1.2", orientation=orientation, **tags))
        for number, position in enumerate(positions)
    ]


def positions_of(header):
    """Return where each pixel lies, `(rows, columns, 3)`, by the equation of the DICOM standard (C.7.6.2.1.1)."""
    row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    down, across = map(float, header.PixelSpacing)
    i, j = np.mgrid[: header.Rows, : header.Columns][..., None]
    return np.array(header.ImagePositionPatient, float) + j * across * row + i * down * column


def ramp(header):
    """Return intensities that grow linearly in the patient, in a direction that no axis has."""
    return positions_of(header) @ [2.0, -3.0, 5.0] + 70


@pytest.mark.parametrize("orientation", [AXIAL, OBLIQUE, TILTED], ids=["axial", "oblique", "tilted"])
def test_the_affine_says_where_pixels_lie(orientation):
    sources = slices([0, 5, 10], orientation=orientation)
    affine, _ = grid(sources)
    for number, (_, header) in enumerate(sources):
        rows, columns = np.mgrid[: header.Rows, : header.Columns].reshape(2, -1)
        right_anterior = affine @ [np.full(rows.size, number), rows, columns, np.ones(rows.size)]
        left_posterior = right_anterior[:3].T * [-1, -1, 1]
        assert left_posterior == pytest.approx(positions_of(header).reshape(-1, 3), abs=1e-9)


@pytest.mark.parametrize("orientation", [AXIAL, OBLIQUE, TILTED], ids=["axial", "oblique", "tilted"])
def test_resampling_finds_the_same_positions_in_another_grid(orientation):
    onto = slices([0, 5, 17], orientation=AXIAL)  # with a gap
    shape, corner, spacing = (70, 70), (-20.0, -15.0), [0.7, 0.9]
    other = slices(np.arange(-21, 40, 1.5), shape, corner, orientation, PixelSpacing=spacing)
    assert mismatch(other, onto) is None
    found = resampled(np.stack([ramp(header) for _, header in other]), other, onto)
    assert found == pytest.approx(np.stack([ramp(header) for _, header in onto]), abs=1e-6)


def test_resampling_to_its_own_grid_changes_nothing():
    sources = slices([0, 5, 10], orientation=OBLIQUE)
    values = np.random.default_rng(0).random((3, 24, 20))
    assert resampled(values, sources, sources) == pytest.approx(values, abs=1e-9)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (slices([0, 5, 10], FrameOfReferenceUID="1.2.77"), "another frame of reference"),
        (slices([0, 5]), None),  # the next slice is only one beyond
        (slices([0]), "does not cover"),
        (slices([10, 15, 20]), "does not cover"),
        (slices([0, 5, 10], corner=(4.0, -6.0)), "does not cover"),
        (slices([0, 5, 20]), "not evenly spaced"),
        (slices([0, 5, 5, 10]), "one slice at each position"),
        (slices([0, 5], orientation=(0, 1, 0, 0, 0, -1)), "another plane"),
    ],
)
def test_what_cannot_be_resampled_is_said(other, why):
    found = mismatch(other, slices([0, 5, 10]))
    assert found is None if why is None else why in found


def test_slices_of_another_size_are_refused():
    mixed = [*slices([0, 5]), *slices([10], shape=(24, 24))]
    with pytest.raises(ValueError, match="one size and orientation"):
        grid(mixed)


def test_gaps_and_uneven_distances_are_noted(tmp_path):
    assert gap_notes(slices([0, 5, 10])) == []
    assert "has gaps" in gap_notes(slices([0, 5, 15]))[0]
    assert "5 to 6 mm apart" in gap_notes(slices([0, 5, 11]))[0]
    write_series(tmp_path, skip=(1, 3))
    sources = sources_of(tmp_path)
    assert "has gaps" in gap_notes(sources)[0]
    assert grid(sources)[1] == (5.0, 0.5, 0.8)
