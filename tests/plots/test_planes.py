import base64
import io

import nibabel
import numpy as np
import pytest
from PIL import Image

from resunet_kit import plots

RNG = np.random.default_rng(8)
VOLUME = RNG.integers(0, 256, (4, 6, 8), dtype=np.uint8)
MASK = np.zeros((4, 6, 8), bool)
MASK[1:3, 2:5, 3:6] = True


def shown(figure):
    pictures = [trace for trace in figure.data if trace.type == "image"]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(p.source.split(",", 1)[1])))) for p in pictures]


def test_each_plane_goes_through_the_point():
    figure = plots.orthogonal_planes(VOLUME, position=(1, 2, 3), spacing=(5, 1, 2))
    planes = (VOLUME[1], VOLUME[::-1, 2], VOLUME[::-1, :, 3])
    for picture, plane in zip(shown(figure), planes, strict=True):
        np.testing.assert_array_equal(picture, plane)
    assert [axis.scaleratio for axis in figure.select_yaxes()] == [0.5, 2.5, 5.0]


def test_the_crosshair_marks_the_point_in_every_plane():
    figure = plots.orthogonal_planes(VOLUME, position=(1, 2, 3))
    lines = [trace for trace in figure.data if trace.name == "Crosshair"]
    assert [(line.x[0], line.y[3]) for line in lines] == [(3, 2), (3, 2), (2, 2)]
    assert [bool(line.showlegend) for line in lines] == [True, False, False]


def test_the_point_lies_in_the_lesion():
    figure = plots.orthogonal_planes(VOLUME, MASK)
    titles = [note.text for note in figure.layout.annotations]
    assert titles == ["Slice<br>2 of 4", "Row<br>4 of 6", "Column<br>5 of 8"]
    assert all(max(trace.x) > 0 for trace in figure.data if trace.name == "Truth" and trace.x[0] is not None)
    empty = plots.orthogonal_planes(VOLUME, MASK * 0, MASK)
    assert [note.text for note in empty.layout.annotations] == titles
    middle = plots.orthogonal_planes(VOLUME)
    assert [note.text for note in middle.layout.annotations] == ["Slice<br>3 of 4", "Row<br>4 of 6", "Column<br>5 of 8"]


def test_a_file_s_point_is_counted_along_its_own_axes(tmp_path):
    array = np.zeros((6, 8, 4), np.float32)
    array[1, 2, 3] = 900.0
    nibabel.save(nibabel.Nifti1Image(array, np.diag([2.0, 1.0, 5.0, 1.0])), tmp_path / "a.nii")
    figure = plots.orthogonal_planes(tmp_path / "a.nii", array > 0, position=(1, 2, 3))
    assert [note.text for note in figure.layout.annotations] == [
        "Axial<br>4 of 4",
        "Coronal<br>6 of 8",
        "Sagittal<br>5 of 6",
    ]
    assert all(trace.x != (None,) for trace in figure.data if trace.name == "Truth")
    assert plots.orthogonal_planes(tmp_path / "a.nii", array > 0).layout.annotations == figure.layout.annotations


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="three indices"):
        plots.orthogonal_planes(VOLUME, position=(1, 2))
    with pytest.raises(ValueError, match="within the volume"):
        plots.orthogonal_planes(VOLUME, position=(4, 0, 0))
    with pytest.raises(ValueError, match="volume's shape"):
        plots.orthogonal_planes(VOLUME, MASK[:3])
    with pytest.raises(ValueError, match=r"slices, rows, columns"):
        plots.orthogonal_planes(VOLUME[0])
    with pytest.raises(ValueError, match="channel to be an integer"):
        plots.orthogonal_planes(VOLUME, channel=1)
    with pytest.raises(ValueError, match="spacing"):
        plots.orthogonal_planes(VOLUME, spacing=(0, 1, 1))
    with pytest.raises(ValueError, match="finite"):
        plots.orthogonal_planes(np.full((4, 4, 4), np.inf))


def test_a_phone_knows_the_height_of_each_plane():
    figure = plots.orthogonal_planes(np.zeros((4, 6, 8)), spacing=(5, 1, 2))
    assert figure.layout.meta["pictures"]["ratios"] == [6 / 16, 20 / 16, 20 / 6]
