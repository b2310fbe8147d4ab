"""A small cohort and one run trained on it, shared by the tests of the example."""

import contextlib
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from examples.brain_mri import cli, training
from resunet_kit.blocks import residual_block
from resunet_kit.models import res_unet, resnet_classifier

SIDE = 40
PATIENTS = [f"TCGA_SM_{number:04d}_20000101" for number in range(8)]


def write_slice(folder, patient, number, *, tumour, seed=0):
    """Write one slice: noise, and a bright disc where the mask says tumour."""
    generator = np.random.default_rng([seed, number, *map(ord, patient)])
    image = generator.integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    if tumour:
        row, column = generator.integers(12, SIDE - 12, 2)
        rows, columns = np.ogrid[:SIDE, :SIDE]
        mask[(rows - row) ** 2 + (columns - column) ** 2 < 60] = 255
        image[mask > 0] += 140
    (folder / patient).mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(folder / patient / f"{patient}_{number}.tif")
    Image.fromarray(mask).save(folder / patient / f"{patient}_{number}_mask.tif")


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    """Eight patients of four slices, the middle two with tumour."""
    folder = tmp_path_factory.mktemp("cohort") / "kaggle_3m"
    for patient in PATIENTS:
        for number in range(1, 5):
            write_slice(folder, patient, number, tumour=number in (2, 3))
    return folder


@pytest.fixture
def small_stages():
    """Let both stages be small and run eagerly: Keras traces the real ones for half a minute."""
    with stand_in_stages():
        yield


@contextlib.contextmanager
def stand_in_stages():
    """Let both stages be small networks that run eagerly. The README's test trains the real ones."""

    def classifier(input_shape, *, backbone, weights, trainable):
        inputs = keras.Input(input_shape)
        features = residual_block(inputs, 4, strides=2)
        return resnet_classifier(input_shape, backbone=keras.Model(inputs, features), trainable=trainable)

    def segmenter(input_shape, classes):
        return res_unet(input_shape, classes, filters=(4, 8))

    tf.config.run_functions_eagerly(True)
    try:
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            # TensorFlow says that functions inside datasets stay graphs, which is right.
            warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_functions_eagerly`")
            patch.setattr(training, "resnet_classifier", classifier)
            patch.setattr(training, "healthcare_ai_res_unet", segmenter)
            yield
    finally:
        tf.config.run_functions_eagerly(False)


TRAIN_OPTIONS = ["--image-size", "32", "--classifier-epochs", "1", "--segmenter-epochs", "2", "--batch-size", "4"]


@pytest.fixture(scope="session")
def trained(cohort, tmp_path_factory):
    """A run folder trained and evaluated on the cohort; tests read it and leave it as it is."""
    out = tmp_path_factory.mktemp("runs") / "first"
    with stand_in_stages():
        assert cli.main(["train", "--data", str(cohort), "--out", str(out), *TRAIN_OPTIONS]) == 0
        assert cli.main(["evaluate", "--run", str(out), "--data", str(cohort)]) == 0
    return out
