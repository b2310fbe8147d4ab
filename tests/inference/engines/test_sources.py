import keras
import numpy as np
import pytest

from resunet_kit.inference._engines.sources import array_of, batches_of

SHAPE = (None, 4, 4, 1)
IMAGES = np.arange(48, dtype="float32").reshape(3, 4, 4, 1)


class Pairs(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return IMAGES[index : index + 2], np.zeros(2)


class Endless(Pairs):
    @property
    def num_batches(self):
        return None


LISTS = ([IMAGES], (IMAGES,), {"image": IMAGES}, list(IMAGES), list(IMAGES[..., 0]))


@pytest.mark.parametrize(
    "x", [IMAGES, IMAGES[..., 0], keras.ops.convert_to_tensor(IMAGES), IMAGES.astype("u1"), *LISTS]
)
def test_what_is_an_array(x):
    np.testing.assert_array_equal(array_of(x, SHAPE), IMAGES)


def test_a_memory_map_is_not_read(tmp_path):
    mapped = np.memmap(tmp_path / "images", "float32", "w+", shape=(3, 4, 4, 1))
    assert isinstance(array_of(mapped, SHAPE), np.memmap)


def test_lists_of_several_shapes_or_inputs_are_refused():
    for x in ([IMAGES, IMAGES], [IMAGES[0], IMAGES[0, :2]], []):
        with pytest.raises(ValueError, match="of one shape"):
            array_of(x, SHAPE)


def test_what_is_no_source():
    with pytest.raises(TypeError, match=r"Received int\."):
        array_of(3, SHAPE)


@pytest.mark.parametrize("steps", [None, 1, 5])
def test_batches_of_a_dataset_and_a_generator(steps):
    for source in (Pairs(), (Pairs()[index] for index in range(2)), [Pairs()[0], Pairs()[1]]):
        assert not isinstance(source, Pairs) or array_of(source, SHAPE) is None
        batches, _ = batches_of(source, SHAPE, steps)
        found = list(batches)
        assert len(found) == (1 if steps == 1 else 2)
        np.testing.assert_array_equal(found[0], IMAGES[:2])


def test_a_dataset_without_end_needs_steps():
    with pytest.raises(ValueError, match="Expected steps"):
        batches_of(Endless(), SHAPE, None)
    assert len(list(batches_of(Endless(), SHAPE, 1)[0])) == 1


def test_tf_data():
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensor_slices((IMAGES, IMAGES)).batch(2)
    assert array_of(dataset, SHAPE) is None
    batches, count = batches_of(dataset, SHAPE, None)
    np.testing.assert_array_equal(np.concatenate(list(batches)), IMAGES)
    assert count == 2
    assert len(list(batches_of(dataset.repeat(), SHAPE, 3)[0])) == 3
    with pytest.raises(ValueError, match="Expected steps"):
        batches_of(dataset.repeat(), SHAPE, None)
