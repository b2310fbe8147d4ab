import keras
import numpy as np
import pytest

from examples.brain_mri import batches
from examples.brain_mri.batches import Patient, TrainingBatches, read_patients, validation_batch
from examples.brain_mri.cohort.index import index_folder


def patient(name, slices, tumour):
    """Slices of one brightness, the first `tumour` of them with a mask."""
    masks = np.zeros((slices, 16, 16), "uint8")
    masks[:tumour, 4:12, 4:12] = 1
    images = np.full((slices, 16, 16, 3), 40 * (1 + ord(name) - ord("a")), "uint8")
    return Patient(name, images, masks, masks.any(axis=(1, 2)))


def test_patients_are_read_prepared(cohort):
    slices = index_folder(cohort).slices[:8]
    first, second = read_patients(slices, 32, progress=False)
    assert first.name != second.name
    assert first.images.shape == (4, 32, 32, 3)
    assert first.images.dtype == first.masks.dtype == np.uint8
    np.testing.assert_array_equal(first.shows_tumour, [False, True, True, False])


def test_batches_depend_on_seed_epoch_and_position_alone():
    patients = [patient("a", 4, 2), patient("b", 4, 2)]
    one, other = (TrainingBatches(patients, batch_size=4, steps=3, seed=5) for _ in range(2))
    assert len(one) == 3
    one[2]
    for a, b in zip(one[1], other[1], strict=True):
        np.testing.assert_array_equal(a, b)
    other.epoch = 1
    assert not np.array_equal(one[1][0], other[1][0])
    assert not np.array_equal(one[1][0], TrainingBatches(patients, batch_size=4, steps=3, seed=6)[1][0])


def test_each_patient_is_drawn_as_often_and_tumour_more_often_than_there_is():
    patients = [patient("a", 40, 2), patient("b", 4, 2), patient("c", 3, 0)]
    drawn = [
        TrainingBatches(patients, batch_size=1, steps=1, seed=0)._draw(np.random.default_rng(n)) for n in range(900)
    ]
    brightness = np.array([image.max() for image, _ in drawn])
    of_a = (brightness < 0.2).mean()
    of_b = ((brightness > 0.2) & (brightness < 0.36)).mean()
    assert of_a == pytest.approx(1 / 3, abs=0.05)
    assert of_b == pytest.approx(1 / 3, abs=0.05)
    shown = np.array([mask.any() for _, mask in drawn])
    assert shown[brightness < 0.36].mean() == pytest.approx(batches.TUMOUR, abs=0.05)  # c has none to draw


def test_targets_follow_the_augmented_image():
    images, masks = TrainingBatches([patient("a", 4, 4)], batch_size=8, steps=1, seed=1)[0]
    assert images.shape == (8, 16, 16, 3)
    assert images.dtype == masks.dtype == np.float32
    assert 0 <= images.min() <= images.max() <= 1
    assert set(np.unique(masks)) == {0, 1}
    _, labels = TrainingBatches([patient("a", 4, 4)], batch_size=8, steps=1, seed=1, labels=True)[0]
    np.testing.assert_array_equal(labels, masks.any(axis=(1, 2, 3))[:, None])


def test_sequences_are_sometimes_replaced_by_flair():
    images = np.zeros((1, 16, 16, 3), "uint8")
    images[..., 1] = 200
    source = TrainingBatches([Patient("a", images, images[..., 0], np.array([False]))], batch_size=1, steps=1, seed=0)
    drawn = np.stack([source._draw(np.random.default_rng(n))[0][0, 0] for n in range(300)])
    for channel in (0, 2):
        assert (drawn[:, channel] > 0).mean() == pytest.approx(batches.MISSING, abs=0.08)
    assert (drawn[:, 1] > 0).all()


def test_validation_slices_are_whole_and_in_order():
    patients = [patient("a", 3, 1), patient("b", 2, 2)]
    images, masks = validation_batch(patients)
    assert (images.shape, masks.shape) == ((5, 16, 16, 3), (5, 16, 16, 1))
    _, labels = validation_batch(patients, labels=True)
    np.testing.assert_array_equal(labels[:, 0], [1, 0, 0, 1, 1])


def test_an_epoch_after_an_interruption_has_its_own_batches():
    source = TrainingBatches([patient("a", 4, 2)], batch_size=2, steps=1, seed=0)
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(1, 1, activation="sigmoid")])
    model.compile("sgd", "mse")
    seen = []
    record = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: seen.append((epoch, source.epoch)))
    model.fit(source, epochs=5, initial_epoch=3, verbose=0, callbacks=[batches.ResumeEpoch(source), record])
    assert seen == [(3, 3), (4, 4)]
