"""Small networks with an encoder that can be frozen, and the options of a study that ends in seconds."""

import warnings

import pytest

SMALL = ["--image-size", "32", "--steps", "4", "--moments", "2", "--batch-size", "4", "--seeds", "1"]
SMALL += ["--precision", "float32", "--simulated-patients", "2", "--simulated-moments", "1"]


@pytest.fixture
def small_networks(monkeypatch):
    """Let both stages be small, with a nested encoder, whose ImageNet weights are those of a constant seed."""
    import keras
    import tensorflow as tf

    from examples.brain_mri import networks

    def encoder(shape, weights):
        kernel = keras.initializers.RandomNormal(stddev=0.3, seed=1 if weights == "imagenet" else None)
        inputs = keras.Input(shape)
        x = keras.layers.Conv2D(4, 3, strides=2, padding="same", kernel_initializer=kernel)(inputs)
        return keras.Model(inputs, keras.layers.BatchNormalization()(x), name="encoder")

    def classifier(input_shape, classes, *, weights=None, **_):
        inputs = keras.Input(input_shape)
        pooled = keras.layers.GlobalAveragePooling2D()(encoder(input_shape, weights)(inputs))
        return keras.Model(inputs, keras.layers.Dense(classes, name="presence")(pooled))

    def segmenter(input_shape, classes, *, encoder_weights=None, **_):
        inputs = keras.Input(input_shape)
        x = keras.layers.UpSampling2D()(encoder(input_shape, encoder_weights)(inputs))
        return keras.Model(inputs, keras.layers.Conv2D(classes, 1, name="segmentation")(x))

    tf.config.run_functions_eagerly(True)
    monkeypatch.setattr(networks, "resnet_classifier", classifier)
    monkeypatch.setattr(networks, "res_unet", segmenter)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_functions_eagerly`")
        yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def simulated(monkeypatch, cohort):
    """Let the simulated cohort be a link to the small one, since simulating takes seconds."""
    from examples.brain_mri.study import starts

    monkeypatch.setattr(starts, "simulate_cohort", lambda folder, **_: folder.symlink_to(cohort))
