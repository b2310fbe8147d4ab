"""A small cohort and one run trained on it, shared by the tests of the example.

TensorFlow loads inside the fixtures that need it, since most of the example's tests do without.
"""

import contextlib
import warnings

import pytest

from examples.brain_mri import cli
from tests.examples.brain_mri.slice_files import write_slice

PATIENTS = [f"TCGA_SM_{number:04d}_20000101" for number in range(8)]


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    """Eight patients of four slices, the middle two with tumour."""
    folder = tmp_path_factory.mktemp("cohort") / "kaggle_3m"
    for patient in PATIENTS:
        for number in range(1, 5):
            write_slice(folder, patient, number, tumour=number in (2, 3), size=(40, 40))
    return folder


@pytest.fixture
def small_stages():
    """Let both stages be small and run eagerly: Keras traces the real ones for half a minute."""
    with stand_in_stages():
        yield


@contextlib.contextmanager
def stand_in_stages():
    """Let both stages be small networks that run eagerly. The README's test trains the real ones."""
    import keras
    import tensorflow as tf

    from examples.brain_mri import networks

    def classifier(input_shape, classes, **_):
        inputs = keras.Input(input_shape)
        pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, strides=2, activation="relu")(inputs))
        return keras.Model(inputs, keras.layers.Dense(classes)(pooled))

    def segmenter(input_shape, classes, **_):
        inputs = keras.Input(input_shape)
        features = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
        return keras.Model(inputs, keras.layers.Conv2D(classes, 1)(features))

    tf.config.run_functions_eagerly(True)
    try:
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            # TensorFlow says that functions inside datasets stay graphs, which is right.
            warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_functions_eagerly`")
            patch.setattr(networks, "resnet_classifier", classifier)
            patch.setattr(networks, "res_unet", segmenter)
            yield
    finally:
        tf.config.run_functions_eagerly(False)


TRAIN_OPTIONS = ["--image-size", "32", "--classifier-epochs", "1", "--segmenter-epochs", "2", "--steps-per-epoch", "3"]


@pytest.fixture(scope="session")
def trained(cohort, tmp_path_factory):
    """A run folder trained and evaluated on the cohort; tests read it and leave it as it is."""
    out = tmp_path_factory.mktemp("runs") / "first"
    with stand_in_stages():
        assert cli.main(["train", "--data", str(cohort), "--out", str(out), *TRAIN_OPTIONS]) == 0
        assert cli.main(["evaluate", "--run", str(out), "--data", str(cohort)]) == 0
    return out
