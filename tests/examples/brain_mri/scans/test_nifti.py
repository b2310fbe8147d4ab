import nibabel
import numpy as np
import pytest

from examples.brain_mri.scans.nifti import group_volumes
from tests.examples.brain_mri.volume_files import OBLIQUE, box, write_nifti

TRUTH = box() > 500
FLIPPED = OBLIQUE @ np.array([[0, -1.0, 0, 0], [1, 0, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize("affine", [OBLIQUE, FLIPPED, np.diag([0.5, 0.5, 3, 1])], ids=["oblique", "turned", "plain"])
@pytest.mark.parametrize("codes", [(1, 1), (2, 0), (0, 1), (0, 0)], ids=str)
def test_a_mask_lies_where_its_volume_does(affine, codes, tmp_path, mark_bright):
    values = box(shape=(20, 24, 6))
    source = write_nifti(tmp_path / "scan.nii.gz", values, affine, codes)
    [stack] = mark_bright(tmp_path / "out", source)
    found, given = nibabel.load(tmp_path / "out" / "scan_pred.nii.gz"), nibabel.load(source)
    assert (np.asarray(found.dataobj) == TRUTH).all()
    assert np.allclose(found.affine, given.affine)
    assert [int(found.header[code]) for code in ("sform_code", "qform_code")] == list(codes)
    assert stack.spacing[0] == pytest.approx(3, abs=0.02)
    assert stack.images.shape[1:3] in ((24, 20), (20, 24))


def test_scaled_integers_and_nan_are_read(tmp_path, mark_bright):
    image = nibabel.Nifti1Image(box() * 0.37 - 50, OBLIQUE)
    image.set_data_dtype("int16")
    nibabel.save(image, tmp_path / "a.nii")
    assert nibabel.load(tmp_path / "a.nii").dataobj.slope != 1
    values = box().astype("float32")
    values[0] = np.nan
    write_nifti(tmp_path / "b.nii", values)
    mark_bright(tmp_path / "out", tmp_path)
    for name in "ab":
        assert (np.asarray(nibabel.load(tmp_path / "out" / f"{name}_pred.nii.gz").dataobj) == TRUTH).all()


def test_nan_outside_the_brain_is_air_in_standardised_values_too(tmp_path, mark_bright):
    values = (box().astype("float32") - 300) / 100
    values[8:] = np.nan
    [stack] = mark_bright(tmp_path / "out", write_nifti(tmp_path / "a.nii", values))
    assert set(np.unique(stack.images)) == {-1, 7}
    assert (np.asarray(nibabel.load(tmp_path / "out" / "a_pred.nii.gz").dataobj) == TRUTH).all()
    values = np.abs(values) + 100
    [stack] = mark_bright(tmp_path / "positive", write_nifti(tmp_path / "b.nii", values))
    assert set(np.unique(stack.images)) == {0, 101, 107}


def test_sequences_of_one_patient_are_channels_in_the_order_of_the_data_set(tmp_path):
    for level, name in enumerate(("flair", "t1", "t1ce", "t2", "seg")):
        write_nifti(tmp_path / f"p_{name}.nii.gz", box(high=1000 + level))
    [volume] = group_volumes(sorted(tmp_path.glob("p_[ft]*")))
    assert list(volume.sequences) == ["flair", "pre", "post"]
    assert volume.outputs() == [(tmp_path / "p_flair.nii.gz", "p_flair_pred.nii.gz")]
    check = volume.check()
    assert (check.slices, check.unreadable) == (6, {})
    assert "p_t2.nii.gz" in check.notes[0]
    write_nifti(tmp_path / "q_t1.nii.gz", box(high=300))
    write_nifti(tmp_path / "q_flair.nii.gz", box(high=900))
    [two] = group_volumes(sorted(tmp_path.glob("q_*")))
    [stack] = two.read()
    assert stack.images.max(axis=(0, 1, 2)).tolist() == [300, 900, 900]


def test_one_file_of_three_sequences_and_one_of_one(tmp_path):
    stacked = np.stack([box(high=high) for high in (300, 1000, 500)], axis=-1)
    [volume] = group_volumes([write_nifti(tmp_path / "p.nii", stacked)])
    assert volume.read()[0].images.shape == (6, 24, 20, 3)
    [single] = group_volumes([write_nifti(tmp_path / "q.nii", box()[:, :, 1:2])])
    [stack] = single.read()
    assert stack.images.shape == (1, 24, 20, 3)
    assert stack.spacing is not None


def test_what_cannot_be_used_is_named(tmp_path):
    five = write_nifti(tmp_path / "five.nii", np.stack([box()] * 5, axis=-1))
    lonely = write_nifti(tmp_path / "x_t1.nii", box())
    coronal = write_nifti(
        tmp_path / "coronal.nii", box(), np.array([[1.0, 0, 0, 0], [0, 0, 4, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    )
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(write_nifti(tmp_path / "whole.nii.gz", box()).read_bytes()[:200])
    for file, why in ((five, "Received 5"), (lonely, "Expected FLAIR"), (coronal, "another plane"), (cut, "undamaged")):
        [volume] = group_volumes([file])
        check = volume.check()
        assert why in check.unreadable[file]
        assert volume.without(check.unreadable) is None
    write_nifti(tmp_path / "y_flair.nii", box())
    other = write_nifti(tmp_path / "y_post.nii", box(), np.diag([1.0, 1, 3, 1]))
    [pair] = group_volumes(sorted(tmp_path.glob("y_*")))
    assert "Expected the grid of y_flair.nii" in pair.check().unreadable[other]
    again = write_nifti(tmp_path / "y_t1gd.nii", box())
    [triple] = group_volumes(sorted(tmp_path.glob("y_*")))
    assert "one post volume" in triple.check().unreadable[again]


def test_a_doubtful_orientation_is_noted(tmp_path):
    [silent] = group_volumes([write_nifti(tmp_path / "a.nii", box(), codes=(0, 0))])
    assert "does not say its orientation" in silent.check().notes[0]
    assert (silent.read()[0].images[..., 0] == box().transpose(2, 1, 0)[:, ::-1, ::-1]).all()
    image = nibabel.Nifti1Image(box(), np.eye(4))
    image.set_sform(np.eye(4), 1)
    image.set_qform(np.diag([-1.0, 1, 1, 1]), 1)
    nibabel.save(image, tmp_path / "b.nii")
    [torn] = group_volumes([tmp_path / "b.nii"])
    assert "two orientations" in torn.check().notes[0]
