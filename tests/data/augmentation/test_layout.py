import numpy as np
import pytest

from resunet_kit.data.augmentation.layout import as_batches


@pytest.mark.parametrize(
    ("ndim", "image", "mask", "batch"),
    [
        (2, (4, 5, 3), (4, 5), (1, 4, 5)),
        (2, (4, 5, 3), (4, 5, 1), (1, 4, 5)),
        (2, (6, 4, 5, 3), (6, 4, 5), (6, 4, 5)),
        (2, (6, 4, 5, 3), (6, 4, 5, 2), (6, 4, 5)),
        (3, (6, 4, 5, 3), (6, 4, 5), (1, 6, 4, 5)),
        (3, (2, 6, 4, 5, 3), (2, 6, 4, 5, 1), (2, 6, 4, 5)),
    ],
)
def test_one_layout(ndim, image, mask, batch):
    images, masks = as_batches(np.zeros(image), np.zeros(mask, bool), ndim)
    assert images.shape == (*batch, 3)
    assert masks.shape == (*batch, mask[-1] if len(mask) == len(image) else 1)
    assert masks.dtype == bool


@pytest.mark.parametrize(
    ("ndim", "image", "mask", "message"),
    [
        (2, (4, 5), (4, 5), r"images\[..., None\]"),
        (2, (2, 3, 4, 5, 1), (2, 3, 4, 5), "Pass ndim=3"),
        (3, (4, 5, 1), (4, 5), "Pass ndim=2"),
        (2, (4, 5, 3), (5, 4), r"masks of shape \(4, 5\)"),
        (2, (2, 4, 5, 3), (4, 5, 1), r"Received shape \(4, 5, 1\)"),
        (2, (0, 5, 3), (0, 5), "at least one pixel"),
    ],
)
def test_shapes_that_do_not_fit(ndim, image, mask, message):
    with pytest.raises(ValueError, match=message):
        as_batches(np.zeros(image), np.zeros(mask), ndim)


def test_values_must_be_numbers():
    with pytest.raises(TypeError, match=r"masks of real numbers\. Received dtype <U"):
        as_batches(np.zeros((4, 5, 1)), np.full((4, 5), "tumour"), 2)
    with pytest.raises(TypeError, match=r"images of real numbers\. Received dtype complex"):
        as_batches(np.zeros((4, 5, 1), complex), np.zeros((4, 5)), 2)
