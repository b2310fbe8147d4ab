import itertools

import nibabel
import numpy as np
import pytest
from nibabel.processing import resample_from_to

from resunet_kit.data import PairBatches, pairs_dataset, read_geometry, read_mask
from resunet_kit.data.files.alignment import aligned_mask

SHAPE = (4, 5, 6)
OBLIQUE = nibabel.affines.from_matvec(
    nibabel.eulerangles.euler2mat(0.3, -0.2, 0.4) @ np.diag([0.7, 0.8, 2.5]), [-90, 40, 7.5]
)
# Axes at 45 degrees to the world's, where the nearest orientation is a tie.
DIAGONAL = nibabel.affines.from_matvec(nibabel.eulerangles.euler2mat(np.pi / 4) @ np.diag([1, 1, 2]), [1, 2, 3])
ORIENTATIONS = [
    np.array([*zip(order, directions, strict=True)])
    for order in itertools.permutations(range(3))
    for directions in itertools.product((1, -1), repeat=3)
]


def _stored(shape=SHAPE, seed=0):
    return np.random.default_rng(seed).integers(0, 4, shape).astype(np.uint8)


def _save(path, array, affine, *, change=None):
    image = nibabel.Nifti1Image(array, affine)
    if change is not None:
        change(image.header)
    nibabel.save(image, path)
    return path


def _image(tmp_path, affine=OBLIQUE, shape=SHAPE, **options):
    return _save(tmp_path / "image.nii.gz", _stored(shape, 1), affine, **options)


def _both(image, mask):
    """Return the mask of both pipelines, which agree."""
    found = [
        np.asarray(next(iter(pipeline([image], [mask], num_classes=4)))[1])[0, ..., 0]
        for pipeline in (pairs_dataset, PairBatches)
    ]
    np.testing.assert_array_equal(*found)
    return found[0]


@pytest.mark.parametrize("affine", [np.diag([1, 1, 3, 1]), OBLIQUE, DIAGONAL], ids=["axial", "oblique", "diagonal"])
def test_masks_of_all_48_orientations_come_to_the_images_axes(tmp_path, affine):
    truth = _stored()
    image = _image(tmp_path, affine)
    for orientation in ORIENTATIONS:
        moved = nibabel.Nifti1Image(truth, affine).as_reoriented(orientation)
        path = _save(tmp_path / "mask.nii", np.asarray(moved.dataobj), moved.affine)
        np.testing.assert_array_equal(read_mask(path, like=image, num_classes=4)[..., 0], truth)


@pytest.mark.parametrize("orientation", ORIENTATIONS[3::9], ids=str)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_both_pipelines_align_each_pair(tmp_path, orientation, suffix):
    truth = _stored()
    moved = nibabel.Nifti1Image(truth, OBLIQUE).as_reoriented(orientation)
    mask = _save(tmp_path / f"mask{suffix}", np.asarray(moved.dataobj), moved.affine)
    image = _image(tmp_path)
    np.testing.assert_array_equal(_both(image, mask), truth)
    resampled = resample_from_to(nibabel.load(mask), nibabel.load(image), order=0, mode="grid-constant")
    np.testing.assert_array_equal(_both(image, mask), np.asarray(resampled.dataobj))


def test_channels_of_the_image_do_not_matter(tmp_path):
    truth = _stored()
    image = _image(tmp_path, shape=(*SHAPE, 2))
    moved = nibabel.Nifti1Image(truth, OBLIQUE).as_reoriented(ORIENTATIONS[13])
    mask = _save(tmp_path / "mask.nii", np.asarray(moved.dataobj)[..., None], moved.affine)
    np.testing.assert_array_equal(_both(image, mask), truth)


@pytest.mark.parametrize("orientation", ORIENTATIONS[::5], ids=str)
def test_slices_may_lie_along_any_axis(tmp_path, orientation):
    truth = _stored((4, 5, 1))
    image = _image(tmp_path, shape=(4, 5, 1))
    moved = nibabel.Nifti1Image(truth, OBLIQUE).as_reoriented(orientation)
    mask = _save(tmp_path / "mask.nii", np.asarray(moved.dataobj), moved.affine)
    np.testing.assert_array_equal(_both(image, mask), truth[..., 0])


def test_files_of_two_axes_are_slices(tmp_path):
    truth = _stored((4, 5))
    image = _image(tmp_path, np.diag([1, 1, 3, 1]), (4, 5))
    flipped = _save(tmp_path / "mask.nii", truth[::-1], nibabel.affines.from_matvec(np.diag([-1, 1, 3]), [3, 0, 0]))
    np.testing.assert_array_equal(_both(image, flipped), truth)


def test_slices_may_differ_in_thickness_but_not_in_position(tmp_path):
    truth = _stored((4, 5, 1))
    image = _image(tmp_path, np.diag([1, 1, 3, 1]), (4, 5, 1))
    mask = _save(tmp_path / "mask.nii", truth, np.diag([1, 1, 5, 1]))
    np.testing.assert_array_equal(_both(image, mask), truth[..., 0])
    _save(mask, truth, nibabel.affines.from_matvec(np.diag([1, 1, 3]), [0, 0, 3]))
    with pytest.raises(ValueError, match="same positions"):
        _both(image, mask)


def _shifted(voxels):
    return nibabel.affines.from_matvec(OBLIQUE[:3, :3], OBLIQUE[:3, 3] + OBLIQUE[:3, :3] @ voxels)


@pytest.mark.parametrize(
    "affine",
    [
        pytest.param(OBLIQUE * (1 + 1e-4 * np.array([[1], [1], [1], [0]])), id="relative"),
        pytest.param(np.round(OBLIQUE, 3), id="decimals"),
        pytest.param(OBLIQUE.astype(np.float32), id="float32"),
        pytest.param(_shifted([0.02, -0.02, 0.02]), id="shift"),
    ],
)
def test_rounded_affines_are_the_same(tmp_path, affine):
    image = _image(tmp_path)
    truth = _stored()
    np.testing.assert_array_equal(_both(image, _save(tmp_path / "mask.nii", truth, affine)), truth)
    flipped = nibabel.Nifti1Image(truth, affine).as_reoriented(ORIENTATIONS[29])
    path = _save(tmp_path / "flipped.nii", np.asarray(flipped.dataobj), flipped.affine)
    np.testing.assert_array_equal(_both(image, path), truth)


@pytest.mark.parametrize(
    "affine",
    [
        pytest.param(_shifted([1, 0, 0]), id="one voxel"),
        pytest.param(_shifted([0, -0.5, 0]), id="half a voxel"),
        pytest.param(_shifted([0, 0, 1]), id="one slice"),
        pytest.param(OBLIQUE @ np.diag([1, 1, 1.01, 1]), id="spacing"),
        pytest.param(OBLIQUE @ np.diag([1.02, 1, 1, 1]), id="spacing in the plane"),
        pytest.param(OBLIQUE @ np.diag([2, 2, 2, 1]), id="twice the spacing"),
        pytest.param(OBLIQUE @ np.diag([-1, 1, 1, 1]), id="flipped without its origin"),
        pytest.param(np.diag([0.7, 0.8, 2.5, 1]), id="not oblique"),
        pytest.param(np.eye(4), id="identity"),
    ],
)
def test_other_grids_are_refused_with_both_affines_and_a_cure_that_works(tmp_path, affine):
    image = _image(tmp_path)
    mask = _save(tmp_path / "mask.nii", _stored(), affine)
    with pytest.raises(ValueError, match="same positions") as error:
        PairBatches([image], [mask], num_classes=4)
    message = str(error.value)
    for path in (image, mask):
        printed = np.array2string(nibabel.load(path).affine, precision=5, suppress_small=True)
        assert repr(str(path)) in message
        assert printed in message
    assert "4x5x6" in message
    with pytest.raises(ValueError, match="same positions"):
        pairs_dataset([image], [mask], num_classes=4)
    with pytest.raises(ValueError, match="same positions"):
        read_mask(mask, like=image, num_classes=4)

    call = message[message.index("nibabel.processing") :].rstrip(".")
    names = {"nibabel": nibabel, "image": nibabel.load(image), "mask": nibabel.load(mask)}
    nibabel.save(eval(call, names), tmp_path / "resampled.nii")
    assert _both(image, tmp_path / "resampled.nii").shape == SHAPE


def test_the_cure_works_for_images_with_channels(tmp_path):
    image = nibabel.Nifti1Image(_stored((*SHAPE, 2)), OBLIQUE)
    mask = nibabel.Nifti1Image(_stored(), _shifted([1, 0, 0]))
    resampled = resample_from_to(mask, (image.shape[:3], image.affine), order=0, mode="grid-constant")
    np.testing.assert_array_equal(np.asarray(resampled.dataobj)[1:], _stored()[:-1])


def test_skipped_pairs_are_listed_with_their_affines(tmp_path):
    image = _image(tmp_path)
    masks = [_save(tmp_path / "good.nii", _stored(), OBLIQUE), _save(tmp_path / "bad.nii", _stored(), np.eye(4))]
    batches = PairBatches([image, image], masks, num_classes=4, skip_unreadable=True)
    with pytest.warns(UserWarning, match=r"1 of 2 pairs were skipped:\n.*same positions(.|\n)*bad\.nii"):
        assert [len(images) for images, _ in batches] == [1]


def test_the_sform_decides_and_a_contradicting_qform_is_named(tmp_path):
    flipped = OBLIQUE @ np.diag([-1, 1, 1, 1])

    def contradicting(header):
        header.set_qform(flipped, 1)

    truth = _stored()
    image = _image(tmp_path, change=contradicting)
    np.testing.assert_array_equal(_both(image, _save(tmp_path / "mask.nii", truth, OBLIQUE)), truth)
    with pytest.raises(ValueError, match=r"Its qform differs from its sform, which is used\.\nand .*mask.nii.*qform"):
        _both(image, _save(tmp_path / "mask.nii", truth, None, change=lambda header: header.set_qform(flipped, 1)))


def test_qform_and_sform_of_one_position_are_the_same(tmp_path):
    truth = _stored()
    image = _image(tmp_path)
    moved = nibabel.Nifti1Image(truth, OBLIQUE).as_reoriented(ORIENTATIONS[21])
    mask = _save(
        tmp_path / "mask.nii", np.asarray(moved.dataobj), None,
        change=lambda header: header.set_qform(moved.affine, 1),
    )  # fmt: skip
    assert read_geometry(mask).form == "qform"
    np.testing.assert_array_equal(_both(image, mask), truth)


def test_without_forms_only_sizes_are_compared(tmp_path):
    truth = _stored()
    image = _image(tmp_path)
    np.testing.assert_array_equal(_both(image, _save(tmp_path / "mask.nii", truth, None)), truth)
    with pytest.raises(ValueError, match=r"same size.*4x5x6.*5x4x6"):
        _both(image, _save(tmp_path / "mask.nii", truth.transpose(1, 0, 2), None))


def test_without_forms_spacings_other_than_1_are_compared(tmp_path):
    truth = _stored((5, 5, 5))
    image = _image(tmp_path, np.diag([0.5, 0.5, 3, 1]), (5, 5, 5))
    mask = _save(tmp_path / "mask.nii", truth, None, change=lambda header: header.set_zooms((0.5, 0.50001, 3)))
    np.testing.assert_array_equal(_both(image, mask), truth)
    _save(mask, truth, None, change=lambda header: header.set_zooms((3, 0.5, 0.5)))
    with pytest.raises(
        ValueError, match=r"image\.nii\.gz' of \(0\.5, 0\.5, 3\.0\).*mask\.nii' of \(3\.0, 0\.5, 0\.5\)"
    ):
        _both(image, mask)
    nibabel.save(nibabel.Nifti1Image(nibabel.load(mask).dataobj, nibabel.load(image).affine), tmp_path / "cured.nii")
    np.testing.assert_array_equal(_both(image, tmp_path / "cured.nii"), truth)


def test_masks_are_aligned_before_they_are_resized(tmp_path):
    image = _image(tmp_path)
    moved = nibabel.Nifti1Image(_stored(), OBLIQUE).as_reoriented(ORIENTATIONS[17])
    paths = _save(tmp_path / "mask.nii", _stored(), OBLIQUE), tmp_path / "moved.nii"
    _save(paths[1], np.asarray(moved.dataobj), moved.affine)
    for pipeline in (pairs_dataset, PairBatches):
        masks = [
            np.asarray(next(iter(pipeline([image], [path], num_classes=4, image_size=(2, 5, 8))))[1]) for path in paths
        ]
        np.testing.assert_array_equal(*masks)


def test_of_other_formats_only_sizes_are_compared(tmp_path):
    truth = _stored()
    image, mask = _image(tmp_path), tmp_path / "mask.npy"
    np.save(mask, truth[..., None])
    np.testing.assert_array_equal(_both(image, mask), truth)
    np.testing.assert_array_equal(read_mask(mask, like=image, num_classes=4)[..., 0], truth)
    np.testing.assert_array_equal(_both(mask, _save(tmp_path / "mask.nii", truth, OBLIQUE)), truth)


def test_equal_units_are_not_needed(tmp_path):
    truth = _stored()
    image = _image(tmp_path, change=lambda header: header.set_xyzt_units("mm"))
    micron = np.diag([1000, 1000, 1000, 1]) @ OBLIQUE
    mask = _save(tmp_path / "mask.nii", truth, micron, change=lambda header: header.set_xyzt_units("micron"))
    np.testing.assert_array_equal(_both(image, mask), truth)
    _save(mask, truth, micron, change=lambda header: header.set_xyzt_units("mm"))
    with pytest.raises(ValueError, match="same positions"):
        _both(image, mask)


def test_pairs_of_one_broken_affine_are_read(tmp_path):
    truth = _stored()
    paths = _image(tmp_path), _save(tmp_path / "mask.nii.gz", truth, OBLIQUE)
    for path in paths:
        image = nibabel.load(path)
        image.header["srow_x"] = image.header["srow_y"] = image.header["srow_z"] = 0
        nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), None, image.header), path)
    np.testing.assert_array_equal(_both(*paths), truth)
    with pytest.raises(ValueError, match="same positions"):
        _both(paths[0], _save(tmp_path / "other.nii", truth, OBLIQUE))


def test_sizes_are_compared_on_one_grid(tmp_path):
    image = _image(tmp_path)
    mask = _save(tmp_path / "mask.nii", _stored()[:, :, :-1], OBLIQUE)
    with pytest.raises(ValueError, match=r"same size.*4x5x6.*mask\.nii.*4x5x5"):
        _both(image, mask)
    with pytest.raises(ValueError, match=r"size of .*image\.nii\.gz', 4x5x6.*mask\.nii' of 4x5x5"):
        read_mask(mask, like=image, num_classes=4)


def test_a_cropped_and_flipped_mask_is_refused(tmp_path):
    moved = nibabel.Nifti1Image(_stored()[:, :, :-1], OBLIQUE).as_reoriented(ORIENTATIONS[4])
    mask = _save(tmp_path / "mask.nii", np.asarray(moved.dataobj), moved.affine)
    with pytest.raises(ValueError, match=r"same positions.*4x5x6(.|\n)*mask\.nii' of 4x5x5"):
        _both(_image(tmp_path), mask)


def test_like_takes_a_geometry(tmp_path):
    truth = _stored()
    moved = nibabel.Nifti1Image(truth, OBLIQUE).as_reoriented(ORIENTATIONS[40])
    mask = _save(tmp_path / "mask.nii", np.asarray(moved.dataobj), moved.affine)
    geometry = read_geometry(_image(tmp_path))
    aligned = read_mask(mask, like=geometry, num_classes=4)
    np.testing.assert_array_equal(aligned[..., 0], truth)
    assert aligned.flags.c_contiguous
    assert read_mask(mask, like=geometry, num_classes=4, image_size=(2, 3, 7)).shape == (2, 3, 7, 1)
    with pytest.raises(ValueError, match="the image of 4x5x6"):
        read_mask(_save(mask, truth, np.eye(4)), like=geometry, num_classes=4)
    with pytest.raises(ValueError, match="no geometry"):
        read_mask(mask, like=tmp_path / "image.png", num_classes=4)


def test_an_aligned_mask_is_not_copied(tmp_path):
    mask = _stored((*SHAPE, 1))
    path = _image(tmp_path)
    assert aligned_mask(mask, path, path) is mask
