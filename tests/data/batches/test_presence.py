import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from resunet_kit.data import PairBatches, pairs_dataset, presence_labels

EXPECTED = [1, 0, 1, 0, 1, 0, 1]


def test_labels_of_files(files):
    labels = [part for _, part in presence_labels(pairs_dataset(*files, batch_size=4))]
    assert [part.dtype for part in labels] == [tf.int32, tf.int32]
    assert np.concatenate(labels).tolist() == EXPECTED


def test_labels_of_numpy_batches(files):
    batches = presence_labels(PairBatches(*files, batch_size=4))
    assert len(batches) == batches.num_batches == 2
    labels = [part for _, part in batches]
    assert [part.dtype for part in labels] == [np.int32, np.int32]
    assert np.concatenate(labels).tolist() == EXPECTED
    assert batches[1][1].tolist() == EXPECTED[4:]


def test_fit_and_predict_take_labels_of_numpy_batches(files):
    keras.utils.set_random_seed(0)
    batches = presence_labels(PairBatches(*files, batch_size=4, shuffle=True, seed=0))
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", run_eagerly=True)
    losses = model.fit(batches, epochs=3, verbose=0, validation_data=batches).history
    assert np.isfinite([losses["loss"], losses["val_loss"]]).all()
    assert model.predict(batches, verbose=0).shape == (7, 1)


def test_labels_of_volumes():
    masks = tf.constant(np.eye(2, dtype=np.uint8)[:, :1].reshape(2, 1, 1, 1, 1) * np.ones((1, 2, 3, 4, 1), np.uint8))
    dataset = tf.data.Dataset.from_tensors((tf.zeros((2, 2, 3, 4, 1)), masks))
    assert [labels.numpy().tolist() for _, labels in presence_labels(dataset)] == [[1, 0]]


@pytest.fixture
def void(tmp_path):
    """Three images: background and void, void and foreground, void alone."""
    for index, values in enumerate(([0, 255], [1, 255], [255, 255])):
        Image.fromarray(np.uint8([values])).save(tmp_path / f"{index}.png")
    return [tmp_path / f"{index}.png" for index in range(3)]


@pytest.mark.parametrize("pipeline", [pairs_dataset, PairBatches])
def test_void_is_not_foreground(void, pipeline):
    batches = pipeline(void, void, num_classes=2, ignore_class=255)
    assert [np.asarray(labels).tolist() for _, labels in presence_labels(batches)] == [[0, 1, 0]]
    assert [np.asarray(labels).tolist() for _, labels in presence_labels(batches, ignore_class=1)] == [[1, 1, 1]]


def test_the_ignored_class_is_known_through_steps_that_keep_masks(void):
    dataset = pairs_dataset(void, void, num_classes=2, ignore_class=255)
    changed = dataset.repeat(2).take(1).unbatch().batch(3).prefetch(1)
    assert [labels.numpy().tolist() for _, labels in presence_labels(changed)] == [[0, 1, 0]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float32])
def test_void_in_masks_of_any_type(dtype):
    masks = np.array([0, 255, 1, 254], dtype).reshape(4, 1, 1, 1)
    dataset = tf.data.Dataset.from_tensors((np.zeros((4, 1, 1, 3)), masks))
    assert [part.numpy().tolist() for _, part in presence_labels(dataset)] == [[0, 1, 1, 1]]
    assert [part.numpy().tolist() for _, part in presence_labels(dataset, ignore_class=255)] == [[0, 0, 1, 1]]


@pytest.mark.parametrize("pipeline", [pairs_dataset, PairBatches])
def test_images_alone_are_refused(files, pipeline):
    with pytest.raises(ValueError, match="mask_paths"):
        presence_labels(pipeline(files[0], None))


@pytest.mark.parametrize(
    ("change", "error"),
    [({"dataset": [1]}, TypeError), ({"ignore_class": 256}, ValueError), ({"ignore_class": 1.5}, TypeError)],
)
def test_other_values_are_refused(files, change, error):
    options = {"dataset": PairBatches(*files), **change}
    with pytest.raises(error, match="Expected"):
        presence_labels(**options)
