"""Predictors that are not Keras models."""


class Recorded:
    """A function as a model, and the sizes of the batches that it got."""

    def __init__(self, shape, function=lambda x: x):
        self.input_shape = self.output_shape = (None, *shape)
        self.function, self.batches = function, []

    def predict_on_batch(self, x):
        self.batches.append(len(x))
        return self.function(x)
