import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.inference._stage import SizedImage, Stage, resize
from tests.inference.stages import SIDE, copying_segmenter, sized


class Counting:
    """Doubles nothing: gives the images, and remembers the shapes that it got."""

    input_shape = (None, None, None, 1)
    output_shape = (None, None, None, 1)

    def __init__(self):
        self.shapes = []

    def predict_on_batch(self, x):
        self.shapes.append(x.shape)
        return x


@given(st.integers(1, 40), st.integers(1, 40))
def test_batches_have_few_sizes_and_waste_little(count, batch_size):
    count = min(count, batch_size)
    model = Counting()
    batch = np.linspace(0, 1, count).astype("float32").reshape(-1, 1, 1, 1)
    found = Stage("segmenter", model, batch_size).predict(batch, range(count))
    np.testing.assert_array_equal(found, batch)
    [(given_to_model, *_)] = model.shapes
    assert given_to_model in {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, batch_size}
    assert count <= given_to_model <= min(batch_size, 1.5 * count)


def test_images_of_several_sizes_share_a_batch_and_get_maps_of_their_size():
    images = [sized(SIDE, level=1.0), sized(2 * SIDE, level=1.0), sized(3 * SIDE, level=1.0)]
    stage = Stage("segmenter", copying_segmenter(), 4)
    items = [SizedImage(image, image.shape[:2]) for image in images]
    assert {stage.input_shape(item) for item in items} == {(SIDE, SIDE, 1)}
    batch = stage.prepare(items)
    assert (batch.shape, batch.dtype) == ((3, SIDE, SIDE, 1), np.float32)
    for image, alone, output in zip(images, batch, stage.maps(batch, items, range(3)), strict=True):
        np.testing.assert_array_equal(alone, resize(image[None], (SIDE, SIDE))[0])
        assert output.shape == image.shape
        np.testing.assert_allclose(output, resize(alone[None], image.shape[:2])[0], atol=1e-6)


def test_errors_name_images_by_their_position():
    batch = np.full((3, 2, 2, 1), 0.5, "float32")
    batch[2] = 4
    with pytest.raises(ValueError, match=r"from the segmenter.*for image 9"):
        Stage("segmenter", Counting(), 4).predict(batch, [5, 7, 9])
