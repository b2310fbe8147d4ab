import numpy as np
import pytest
import tensorflow as tf

from resunet_kit.data import pairs_dataset


@pytest.mark.parametrize(
    ("batch_size", "image_size", "spatial"), [(3, None, (6, 8)), (1, 4, (4, 4)), (1, None, (None, None))]
)
def test_static_shapes_and_types(files, batch_size, image_size, spatial):
    options = {"batch_size": batch_size, "image_size": image_size}
    images, masks = tf.TensorSpec((None, *spatial, 3), tf.float32), tf.TensorSpec((None, *spatial, 1), tf.uint8)
    assert pairs_dataset(*files, **options).element_spec == (images, masks)
    assert pairs_dataset(files[0], None, **options).element_spec == images


def test_static_shapes_of_volumes(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((4, 5, 6, 2), np.uint8))
    for batch_size, spatial in ((1, (None,) * 3), (2, (4, 5, 6))):
        dataset = pairs_dataset([tmp_path / "a.npy"], None, batch_size=batch_size)
        assert dataset.element_spec == tf.TensorSpec((None, *spatial, 2), tf.float32)


def test_augment_may_return_tensors(files):
    dataset = pairs_dataset(*files, augment=lambda x, y, **_: (tf.roll(x, 2, axis=2), tf.roll(y, 2, axis=2)))
    [masks] = [masks for _, masks in dataset]
    assert np.argwhere(masks).tolist() == [[index, 0, 2, 0] for index in (0, 2, 4, 6)]


def test_unknown_names_are_attribute_errors():
    import resunet_kit.data

    with pytest.raises(AttributeError, match="pair_dataset"):
        resunet_kit.data.pair_dataset  # noqa: B018
