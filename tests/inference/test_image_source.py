import keras
import numpy as np
import pytest
import tensorflow as tf

from resunet_kit.inference._image_source import image_source

IMAGES = np.arange(2 * 4 * 6 * 3, dtype="float32").reshape(2, 4, 6, 3)


def read(images, channels=3):
    source, count = image_source(images, channels)
    return list(source), count


class OnDemand:
    """An array as files give it, read when NumPy asks."""

    shape = IMAGES.shape

    def __array__(self, dtype=None, copy=None):
        return IMAGES


class Indexed:
    """Images by index, with their labels, as PyTorch's datasets give them."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return IMAGES[index], 0


@pytest.mark.parametrize(
    ("images", "count"),
    [
        (IMAGES, 2),
        (list(IMAGES), 2),
        (tuple(IMAGES), 2),
        (np.array([IMAGES[0], IMAGES[1], None], dtype=object)[:2], 2),
        (keras.ops.convert_to_tensor(IMAGES), 2),
        (tf.constant(IMAGES), 2),
        (OnDemand(), 2),
        (Indexed(), None),
        (iter(IMAGES), None),
        (iter([IMAGES]), None),
        (iter([(IMAGES, 0)]), None),
        (iter([[IMAGES, 0]]), None),
        (tf.data.Dataset.from_tensors((IMAGES, 0, 0)), None),
        (tf.data.Dataset.from_tensor_slices(IMAGES).repeat().take(2), None),
    ],
)
def test_every_form_gives_the_images_in_order(images, count):
    found, known = read(images)
    np.testing.assert_array_equal(found, IMAGES)
    assert known == count
    assert len(read(IMAGES, None)[0]) == 2


def test_half_precision_of_16_bits_becomes_float32():
    [image], _ = read([keras.ops.cast(IMAGES[0], "bfloat16")])
    assert image.dtype == np.float32


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0], r"shape \(n, height, width, 3\).*image\[None\]"),
        (IMAGES[..., 0], r"images\[\.\.\., None\]"),
        (IMAGES[..., :1], "channels"),
        (IMAGES[None], "batch axis"),
        ([IMAGES[0], IMAGES[1, ..., 0]], r"image 1\. Add the channel axis: image\[\.\.\., None\]"),
        ([IMAGES[0], IMAGES[1, ..., :2]], r"image 1\. Select or convert the channels"),
        ([IMAGES, IMAGES[..., :1]], r"entry of shape \(2, 4, 6, 3\) for image 0.*without masks"),
        (iter([IMAGES[:1], IMAGES[0, 0]]), r"shape \(6, 3\) for image 1"),
        (iter([IMAGES, IMAGES[..., :2]]), r"image 2\."),
        (tf.data.Dataset.from_tensor_slices(IMAGES).repeat(), "repeats for ever.*take"),
    ],
)
def test_wrong_shapes_name_the_image(images, message):
    with pytest.raises(ValueError, match=message):
        read(images)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ("scan.png", "Received str.*read_image"),
        (None, "Received NoneType"),
        (3, "Received int"),
        ({"image": IMAGES}, "Received dict"),
        (["scan.png"], "dtype <U8 for image 0.*read_image"),
        (["scan.png", IMAGES[0]], "read_image"),
        ([None], "dtype object for image 0"),
        (iter([{"image": IMAGES}]), "Received dict of 1 for image 0"),
        (iter([list(IMAGES)]), "Received list of 2 for image 0"),
        (iter([tuple(IMAGES) * 2]), "Received tuple of 4 for image 0"),
        (iter([IMAGES, [[1, 2], [3]]]), "for image 2"),
    ],
)
def test_what_is_not_an_image_is_named(images, message):
    with pytest.raises(TypeError, match=message):
        read(images)


def test_a_dataset_of_keras_that_never_ends_is_refused():
    class Endless(keras.utils.PyDataset):
        @property
        def num_batches(self):
            return None

        def __getitem__(self, index):
            return IMAGES

    with pytest.raises(ValueError, match="repeats for ever"):
        read(Endless())
