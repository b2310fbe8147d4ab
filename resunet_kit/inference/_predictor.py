"""Protocol of models that predict a batch: a Keras model, or one that `accelerate` runs on another engine."""

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Predictor(Protocol):
    """A model of one input and one output that predicts NumPy batches, on any engine."""

    @property
    def input_shape(self) -> Any:
        """Shape of a batch of inputs, with None for a variable size."""

    @property
    def output_shape(self) -> Any:
        """Shape of a batch of outputs, with None for a variable size."""

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch of inputs."""


def check_predictor(name: str, model: Any) -> None:
    """Refuse an argument that does not predict batches.

    Raises:
        TypeError: If it is neither a Keras model nor one that `accelerate` returned.
        ValueError: If it has not been built, or has several inputs or outputs.
    """
    if isinstance(model, type) or not callable(getattr(model, "predict_on_batch", None)):
        raise TypeError(
            f"Expected {name} to be a keras.Model, or a model that accelerate returned. Received {name}={model!r}. "
            "Load or build it first."
        )
    for side in ("input", "output"):
        shape = getattr(model, f"{side}_shape", None)
        if not isinstance(shape, tuple) or not all(size is None or isinstance(size, int) for size in shape):
            raise ValueError(
                f"Expected {name} to be built, with one {side}. Received {side} shape {shape}. Build a model of one "
                "input and one output: keras.Model(inputs, output)."
            )
