"""Models that version 0.1.0 saved load, and their weights load into what the builders make now.

The files hold `res_unet((13, 9, 1), filters=(2, 3), block=..., name="saved")` with randomised weights, and its output
for one random image.
"""

from pathlib import Path

import keras
import numpy as np
import pytest

from resunet_kit.models import res_unet

FOLDER = Path(__file__).with_name("saved_by_0_1_0")
BLOCKS = sorted(file.stem for file in FOLDER.glob("*.keras"))
IMAGE = np.random.default_rng(0).normal(size=(1, 13, 9, 1)).astype("float32")


@pytest.mark.parametrize("block", BLOCKS)
def test_a_model_of_0_1_0_loads_and_its_weights_fit_the_new_one(block):
    file, expected = FOLDER / f"{block}.keras", np.load(FOLDER / f"{block}.npy")
    loaded = keras.models.load_model(file)
    built = res_unet((13, 9, 1), filters=(2, 3), block=block, name="saved")
    assert [weight.path for weight in built.weights] == [weight.path for weight in loaded.weights]
    built.load_weights(file)
    for model in (loaded, built):
        found = keras.ops.convert_to_numpy(model(IMAGE, training=False))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    keras.utils.set_random_seed(1)
    other = res_unet((13, 9, 1), filters=(2, 3), block=block, name="saved")
    assert np.abs(keras.ops.convert_to_numpy(other(IMAGE, training=False)) - expected).max() > 1e-3


def test_every_strided_block_was_saved():
    assert BLOCKS == ["bottleneck", "pointwise", "preactivation", "residual"]
