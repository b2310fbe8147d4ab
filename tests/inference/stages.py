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


class Lookup:
    """A predictor that is no Keras model: gives what a table says of the image whose first pixel is its position.

    Args:
        table: `(n, ...)`, one output an image.
        side: Height and width of the images; None for any.
    """

    def __init__(self, table, side=None, channels=1):
        self.table = np.asarray(table, "float32")
        self.input_shape = (None, side, side, channels)
        self.output_shape = (None, *((None, None) if self.table.ndim == 4 else ()), self.table.shape[-1])
        self.batches = []

    def predict_on_batch(self, x):
        self.batches.append(len(x))
        return self.table[np.rint(x[:, 0, 0, 0] * 1000).astype(int)]


def positions(count, height=6, width=5):
    """Return images whose first pixel is their position, as `Lookup` reads it."""
    images = np.zeros((count, height, width, 1), "float32")
    images[:, 0, 0, 0] = np.arange(count) / 1000
    return images
