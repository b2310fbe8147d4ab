"""Small models without training: the classifier's probability is the image's mean, the segmenter copies the image."""

import keras
import numpy as np
from keras import ops

SIDE = 16


def mean_classifier(units=1, side=SIDE, channels=1, front=None):
    """Return a model whose probability is the image's mean."""
    inputs = keras.Input((side, side, channels))
    x = inputs if front is None else front(inputs)
    mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)[:, 0, 0]
    outputs = mean if units == 1 else ops.concatenate([1 - mean, *[mean / (units - 1)] * (units - 1)], axis=-1)
    return keras.Model(inputs, outputs)


def copying_segmenter(classes=1, side=SIDE, channels=1, front=None):
    """Return a model whose foreground probability is the image's first channel."""
    inputs = keras.Input((side, side, channels))
    x = inputs if front is None else front(inputs)
    first = keras.layers.Rescaling(1.0)(x[..., :1])
    outputs = first if classes == 1 else ops.concatenate([1 - first, *[first / (classes - 1)] * (classes - 1)], axis=-1)
    return keras.Model(inputs, outputs)


def eager(model):
    """Return the model, which is to run without compilation: that takes most of the time of small models."""
    model.run_eagerly = True
    return model


def sized(side, channels=1, level=0.0):
    """Return a dark image with one block of `level`."""
    image = np.zeros((side, side + 2, channels), "float32")
    image[2:6, 3:7] = level
    return image
