import itertools
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest

from resunet_kit.data import Augment, PairBatches


def test_an_epoch_left_early_does_not_change_the_next(files):
    whole, broken = (PairBatches(*files, batch_size=2, shuffle=True, seed=0) for _ in range(2))
    list(whole)
    next(iter(broken))
    for ours, theirs in zip(whole, broken, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])


def test_repeats_endlessly_or_as_often_as_asked(files):
    batches = PairBatches(*files, batch_size=4)
    assert len(list(batches.repeat(3))) == 6
    assert len(list(itertools.islice(batches.repeat(), 11))) == 11


def test_an_epoch_can_be_drawn_by_its_number_alone(files):
    through, resumed = (PairBatches(*files, batch_size=2, shuffle=True, seed=0) for _ in range(2))
    epochs = []
    for epoch in range(3):
        through.set_epoch(epoch)
        epochs.append(np.concatenate([images for images, _ in through]))
    resumed.set_epoch(2)
    np.testing.assert_array_equal(np.concatenate([images for images, _ in resumed]), epochs[2])
    assert any((one != epochs[0]).any() for one in epochs[1:])
    with pytest.raises(ValueError, match="epoch"):
        resumed.set_epoch(-1)


def test_reading_needs_no_framework(files):
    """Keras is loaded with what is of its kind, and TensorFlow with neither, where Keras has another backend."""
    code = (
        "import sys, resunet_kit.data; assert {'pairs_dataset', 'PairBatches'} <= set(dir(resunet_kit.data));"
        "from resunet_kit.data import find_leaks, image_statistics, pair_by_name, read_image, split_by_group;"
        f"read_image({str(files[0][0])!r});"
        "assert not {'tensorflow', 'keras', 'nibabel'} & set(sys.modules), 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason="needs another backend; `make test-backends` installs one")
def test_batches_need_no_tensorflow(files):
    code = (
        "import os, sys; os.environ['KERAS_BACKEND'] = 'torch';"
        "from resunet_kit.data import PairBatches, presence_labels;"
        f"next(iter(presence_labels(PairBatches([{str(files[0][0])!r}], [{str(files[1][0])!r}]))));"
        "assert 'tensorflow' not in sys.modules, 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class Brightness(keras.layers.Layer):
    """A network of one weight whose outputs tell images apart."""

    def __init__(self):
        super().__init__()
        self.scale = self.add_weight(name="scale", initializer="ones")

    def call(self, images):
        return keras.ops.sigmoid(self.scale * keras.ops.mean(images, axis=-1, keepdims=True))


class Recorder(Brightness):
    """Record what a model sees, as it trains without compilation."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, images):
        self.seen.append(keras.ops.convert_to_numpy(images))
        return super().call(images)


def model(layer=Brightness, rate=0.1):
    found = keras.Sequential([layer()])
    found.compile(keras.optimizers.SGD(rate), "binary_crossentropy", run_eagerly=layer is Recorder, jit_compile=False)
    found.build((None, 6, 8, 3))
    return found


def order(arrays):
    return [round(float(image[0, 0, 0]) * 25.5) for images in arrays for image in images]


def fitted(batches, **options):
    """Return the order of images in all epochs, and the losses."""
    found = model(Recorder)
    found.layers[0].seen.clear()
    history = found.fit(batches, verbose=0, **options).history
    return order(found.layers[0].seen), history


EAGER = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="calls the model with other values too")


@pytest.mark.parametrize("options", [{}, {"shuffle": True, "seed": 0}])
def test_fit_takes_it_as_it_is(files, options):
    """Without a change of weights, the loss of an epoch is that of all images, each counted once."""
    found, batches = model(rate=0.0), PairBatches(*files, batch_size=3, **options)
    expected = found.evaluate(batches, verbose=0)
    assert found.fit(batches, epochs=2, verbose=0).history["loss"] == pytest.approx([expected] * 2, rel=1e-5)


@EAGER
def test_fit_sees_each_image_once_an_epoch(files):
    for options in ({}, {"shuffle": True, "seed": 0}):
        seen, history = fitted(PairBatches(*files, batch_size=3, **options), epochs=3)
        assert [sorted(seen[start : start + 7]) for start in (0, 7, 14)] == [list(range(7))] * 3
        assert np.isfinite(history["loss"]).all()
    assert len({tuple(seen[start : start + 7]) for start in (0, 7, 14)}) == 3


@EAGER
def test_fit_sees_the_epochs_of_for_loops(files):
    """Keras may look at a first batch before it trains, and begins another epoch for that."""
    batches, loop = (PairBatches(*files, batch_size=3, shuffle=True, seed=5) for _ in range(2))
    seen, _ = fitted(batches, epochs=2, shuffle=False)
    loops = [order(images for images, _ in loop) for _ in range(4)]
    start = loops.index(seen[:7])
    assert loops[start + 1] == seen[7:]


@EAGER
def test_steps_of_an_epoch_move_on_through_the_files(files):
    seen, _ = fitted(PairBatches(*files, batch_size=2), epochs=2, steps_per_epoch=2, shuffle=False)
    assert seen == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("augment", [None, Augment(flip=True, brightness=0.2)])
def test_fit_is_reproducible(files, augment):
    losses = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        batches = PairBatches(*files, batch_size=3, shuffle=True, seed=2, augment=augment)
        losses.append(model().fit(batches, epochs=2, verbose=0, validation_data=batches).history)
    assert losses[0] == losses[1]
    assert losses[0]["loss"][0] != losses[0]["loss"][1]


def test_evaluate_and_predict_take_it_as_it_is(files):
    found, batches = model(), PairBatches(*files, batch_size=3)
    images, masks = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    expected = found.predict(images, verbose=0)
    np.testing.assert_allclose(found.predict(batches, verbose=0), expected, rtol=1e-5)
    np.testing.assert_allclose(found.predict(PairBatches(files[0], None, batch_size=2), verbose=0), expected, rtol=1e-5)
    loss = keras.losses.BinaryCrossentropy()(masks.astype("float32"), expected)
    assert found.evaluate(batches, verbose=0) == pytest.approx(float(loss), rel=1e-4)


def test_predictions_stay_in_order_after_a_fit_that_was_left_early(files):
    """`fit` shuffles batches; what it leaves behind changes no later order."""
    found, batches = model(), PairBatches(*files, batch_size=2)
    expected = found.predict(PairBatches(*files), verbose=0)
    batches.on_epoch_begin()
    batches[3], batches[1]
    batches.on_epoch_end()
    np.testing.assert_allclose(found.predict(batches, verbose=0), expected, rtol=1e-5)


def test_unreadable_pairs_leave_no_empty_batch(files, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    images = [*files[0][:2], tmp_path / "broken.png", *files[0][3:]]
    batches = PairBatches(images, files[1], batch_size=1, skip_unreadable=True)
    found = model()
    with pytest.warns(UserWarning, match=r"1 of 7 pairs were skipped:\n.*broken\.png"):
        history = found.fit(batches, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert (len(batches), batches.num_batches) == (7, 6)
    with pytest.warns(UserWarning, match="1 of 7"):
        predicted = found.predict(batches, verbose=0)
    np.testing.assert_allclose(
        predicted, found.predict(PairBatches(images[:2] + images[3:], None), verbose=0), rtol=1e-5
    )


@pytest.mark.parametrize("index", [0, 2, -1, np.int64(1)])
def test_batches_by_index(files, index):
    batches = PairBatches(*files, batch_size=3)
    np.testing.assert_array_equal(batches[index][0], list(batches)[index][0])


def test_other_indices_are_refused(files):
    batches = PairBatches(*files, batch_size=3)
    with pytest.raises(IndexError, match="3 is out of range for 3 batches"):
        batches[3]
    with pytest.raises(TypeError, match="index"):
        batches[0.5]


@pytest.mark.parametrize(("name", "value"), [("workers", 4), ("use_multiprocessing", True)])
def test_options_of_keras_for_parallel_reading_are_refused(files, name, value):
    batches = PairBatches(*files)
    with pytest.raises(ValueError, match=name):
        setattr(batches, name, value)
    setattr(batches, name, getattr(batches, name))
    with pytest.raises(TypeError, match=rf"PairBatches.*{name}"):
        PairBatches(*files, **{name: value})


def test_an_unknown_option_is_one_of_pair_batches(files):
    with pytest.raises(TypeError, match=r"PairBatches\.__init__.*bogus"):
        PairBatches(*files, bogus=1)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="others take any sizes")
def test_images_of_several_sizes_name_what_takes_them(files, tmp_path):
    np.save(tmp_path / "small.npy", np.zeros((5, 5, 3), np.uint8))
    batches = PairBatches([files[0][0], tmp_path / "small.npy"], None, batch_size=1)
    with pytest.raises(Exception, match=r"\(5, 5\) and \(6, 8\).*pairs_dataset"):
        model().predict(batches, verbose=0)
