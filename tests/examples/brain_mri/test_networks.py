import keras
import numpy as np
import pytest
import tensorflow as tf

from examples.brain_mri import networks
from examples.brain_mri.config import Options
from examples.brain_mri.training import stages

RANDOM = {"data": ".", "image_size": 32, "encoder_weights": None, "classifier_weights": None, "precision": "float32"}


@pytest.mark.parametrize("classes", [1, 2])
def test_probabilities_are_those_of_the_logits(classes):
    image = keras.Input((8, 8, 3))
    logits = keras.Model(image, keras.layers.Conv2D(classes, 1)(image))
    images = np.random.default_rng(0).random((2, 8, 8, 3), "float32")
    values = logits.predict_on_batch(images)
    found = networks.with_probabilities(logits).predict_on_batch(images)
    expected = 1 / (1 + np.exp(-values)) if classes == 1 else np.exp(values) / np.exp(values).sum(-1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_segmenter_that_is_sure_of_nothing_still_learns():
    """From probabilities, whose sigmoid is exactly 0 there, the gradient would be 0."""
    _, segmenter = stages(Options(**RANDOM), [], None)
    logit = keras.Variable(np.full((1, 8, 8, 1), -60.0, "float32"))
    truth = np.zeros((1, 8, 8, 1), "float32")
    truth[0, 2:4, 2:4] = 1
    with tf.GradientTape() as tape:
        value = segmenter.loss(truth, logit.value)
    gradient = np.asarray(tape.gradient(value, logit.value))
    assert (gradient[truth > 0] < -1e-3).all()


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["none", "resnet18"])
def test_both_networks_give_logits(encoder):
    options = Options(**RANDOM, encoder=encoder, backbone="resnet18", classes=2)
    images = np.random.default_rng(0).random((1, 32, 32, 3), "float32")
    classifier, segmenter = networks.build_classifier(options), networks.build_segmenter(options)
    assert classifier(images).shape == (1, 1)
    scores = np.asarray(segmenter(images))
    assert scores.shape == (1, 32, 32, 2)
    assert np.abs(scores.sum(-1) - 1).max() > 1e-3
