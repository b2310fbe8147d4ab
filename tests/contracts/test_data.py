"""Both pipelines train on every backend."""

import keras
import numpy as np
import pytest

from resunet_kit.data import Augment, PairBatches, pairs_dataset
from resunet_kit.losses import Dice

COUNT, SIDE = 10, 8
OPTIONS = [
    pytest.param({}, marks=pytest.mark.slow),
    {"augment": Augment(flip=True), "cache": True, "normalize": "image"},
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Bright squares on a dark background, with their masks."""
    folder = tmp_path_factory.mktemp("pairs")
    images, masks = ([folder / f"{index}{end}.npy" for index in range(COUNT)] for end in ("", "_mask"))
    generator = np.random.default_rng(0)
    for image, mask in zip(images, masks, strict=True):
        square = np.zeros((SIDE, SIDE), np.uint8)
        row, column = generator.integers(0, SIDE - 3, 2)
        square[row : row + 4, column : column + 4] = 1
        np.save(image, generator.integers(0, 60, (SIDE, SIDE), dtype=np.uint8) + 180 * square)
        np.save(mask, square)
    return images, masks


def _fit(data, **options):
    inputs = keras.Input((SIDE, SIDE, 1))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1, activation="sigmoid")(inputs))
    model.compile(keras.optimizers.Adam(0.3), loss=Dice(), jit_compile=False)
    return model.fit(data, epochs=6, verbose=0, shuffle=False, **options).history["loss"]


@pytest.mark.parametrize("pipeline", [pairs_dataset, PairBatches])
@pytest.mark.parametrize("options", OPTIONS)
def test_batches_train_on_every_backend(files, pipeline, options):
    batches = pipeline(*files, batch_size=4, shuffle=True, seed=0, **options)
    losses = _fit(batches.repeat(), steps_per_epoch=len(batches))
    assert losses[-1] < losses[0] - 0.1


@pytest.mark.parametrize("pipeline", [pairs_dataset, PairBatches])
def test_fit_evaluate_and_predict_take_batches_as_they_are(files, pipeline):
    batches = pipeline(*files, batch_size=4)
    inputs = keras.Input((SIDE, SIDE, 1))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1, activation="sigmoid")(inputs))
    model.compile(keras.optimizers.Adam(0.3), loss=Dice(), jit_compile=False)
    losses = model.fit(batches, epochs=6, verbose=0, validation_data=batches).history
    assert losses["loss"][-1] < losses["loss"][0] - 0.1
    assert model.evaluate(batches, verbose=0) == pytest.approx(losses["val_loss"][-1], rel=1e-4)
    alone = model.predict(pipeline(files[0], None, batch_size=3), verbose=0)
    np.testing.assert_allclose(model.predict(batches, verbose=0), alone, rtol=1e-4)
