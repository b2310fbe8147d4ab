import numpy as np

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.cohort.slices import read_volume
from tests.examples.brain_mri.slice_files import A, mask_of, save


def test_masks_of_0_and_1_are_two_valued(folder):
    save(mask_of(folder, A, 2), np.eye(8, dtype=np.uint8))
    index = index_folder(folder)
    assert not index.problems
    assert index.slices[1].has_tumour


def test_a_volume_is_read_slice_by_slice(folder):
    images, masks = read_volume(index_folder(folder).slices[:3])
    assert images.shape == (3, 8, 8, 3)
    assert images.max() <= 1
    np.testing.assert_array_equal(masks.sum(axis=(1, 2)), [0, 4, 4])
