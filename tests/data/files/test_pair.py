import numpy as np
import pytest

from resunet_kit.data.files.labels import LabelOptions
from resunet_kit.data.files.pair import read_pair
from resunet_kit.data.files.reading import ImageOptions


def test_a_pair_of_different_sizes_is_refused_with_both_names(tmp_path):
    image, mask = str(tmp_path / "image.npy"), str(tmp_path / "mask.npy")
    np.save(image, np.zeros((4, 5, 3), np.uint8))
    np.save(mask, np.zeros((4, 5), np.uint8))
    shapes = [array.shape for array in read_pair(image, mask, ImageOptions(), LabelOptions())]
    assert shapes == [(4, 5, 3), (4, 5, 1)]
    np.save(mask, np.zeros((5, 4), np.uint8))
    with pytest.raises(ValueError, match=r"image.npy.*4x5.*mask.npy.*5x4 \(height x width\)"):
        read_pair(image, mask, ImageOptions(), LabelOptions())
