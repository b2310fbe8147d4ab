import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from skimage.measure import label

from resunet_kit.masks._labelling import label_components


@given(npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=3, max_side=7)), st.sampled_from([None, 1, 2]))
def test_labels_are_those_of_scikit_image_and_sizes_count_them(mask, connectivity):
    labels, sizes = label_components(mask, connectivity)
    np.testing.assert_array_equal(labels, label(mask, connectivity=connectivity))
    assert sizes[0] == 0
    assert sizes[1:].tolist() == [np.sum(labels == one) for one in range(1, labels.max() + 1)]
