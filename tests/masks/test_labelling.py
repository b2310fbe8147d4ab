import numpy as np
from hypothesis import given
from skimage.measure import label

from resunet_kit.masks._labelling import keep_components, label_components
from tests.strategies import CONNECTIVITIES, masks


@given(masks(ndims=(2, 3)), CONNECTIVITIES)
def test_labels_are_those_of_scikit_image_and_sizes_count_them(mask, connectivity):
    labels, sizes = label_components(mask, connectivity)
    np.testing.assert_array_equal(labels, label(mask, connectivity=connectivity))
    assert sizes[0] == 0
    assert sizes[1:].tolist() == [np.sum(labels == one) for one in range(1, labels.max() + 1)]


def test_components_are_kept_by_size_and_by_rank():
    labels = np.array([[1, 0, 2, 2, 0, 3, 0, 4, 4]], np.int32)
    sizes = np.array([0, 1, 2, 1, 2])
    for options, kept in [
        ({}, [1, 2, 3, 4]),
        ({"min_size": 2}, [2, 4]),
        ({"count": 1}, [2]),
        ({"count": 3}, [1, 2, 4]),
        ({"min_size": 2, "count": 3}, [2, 4]),
        ({"min_size": 3}, []),
    ]:
        mask = keep_components(labels, sizes, **options)
        assert mask.dtype == np.uint8
        np.testing.assert_array_equal(mask, np.isin(labels, kept))
