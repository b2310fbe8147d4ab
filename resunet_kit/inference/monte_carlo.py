"""Monte-Carlo dropout: predictions with dropout active and everything else in inference mode."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.numbers import integer
from resunet_kit.inference._image_array import image_array
from resunet_kit.inference._keras_model import check_keras_model
from resunet_kit.inference._moments import spread_of
from resunet_kit.inference._replaced_functions import Replacement, replaced_functions
from resunet_kit.inference._stateless_calls import advanced, inference_scope, seed_states, stateless_call
from resunet_kit.inference.uncertainty import Uncertainty, uncertainty_of

# The spatial dropout layers are subclasses of Dropout.
DROPOUT: tuple[type, ...] = (
    keras.layers.Dropout,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
)


def predict_mc_dropout(
    model: keras.Model,
    images: Any,
    *,
    passes: int = 20,
    seed: int | None = None,
    layer_types: Sequence[type] = (),
    batch_size: int = 8,
    verbose: int = 0,
) -> Uncertainty:
    """Predict several times with random dropout, and return the mean and the spread of the passes.

    The mean over passes approximates the mean over the posterior of the weights. Only dropout layers run in training
    mode: `Dropout`, `SpatialDropout1D` to `3D`, `AlphaDropout`, `GaussianDropout` and `GaussianNoise`, their
    subclasses, and those inside nested models and other layers. Normalisation uses its moving statistics. The model is
    not changed: neither its moving statistics nor the state of its random numbers.

    Args:
        model: A `keras.Model` with at least one dropout layer of a rate above 0, built with a dropout rate such as
            `res_unet(dropout=0.2)`.
        images: `(n, height, width, channels)` or `(n, depth, height, width, channels)`, in the range of the training
            images; a list of images of one size; for 2-D models also a generator or dataset.
        passes: Number of predictions per image, at least 2.
        seed: Seed for the same result with each call, on the same backend and with the same `batch_size`. None: random.
        layer_types: Further classes of layers to run in training mode, such as your own stochastic depth.
        batch_size: Images per step.
        verbose: 0 for silence, 1 for a progress bar.

    Returns:
        `Uncertainty`: `mean` and `std` `(n, ..., classes)`, `entropy` and `mutual_information` `(n, ...)`, and
        `image_uncertainty` `(n,)`. It unpacks as `mean, std`.

    Raises:
        TypeError: If the model is not a `keras.Model`, or an option is of another type.
        ValueError: If the model has no active dropout layer, an image has another shape than the model takes or holds
            NaN, an output is NaN, or an option is out of range.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import predict_mc_dropout
        >>> from resunet_kit.models import res_unet
        >>> model = res_unet((32, 32, 1), filters=(4, 8), dropout=0.2)
        >>> images = np.random.default_rng(0).random((2, 32, 32, 1), "float32")
        >>> result = predict_mc_dropout(model, images, passes=3, seed=0)
        >>> result.mean.shape, bool(result.std.max() > 0)
        ((2, 32, 32, 1), True)

    References:
        Gal and Ghahramani 2016, Dropout as a Bayesian Approximation, arXiv 1506.02142; Gal 2016, Uncertainty in Deep
        Learning.
    """
    check_keras_model("model", model, "Dropout is drawn in the layers of a Keras model")
    count = integer("passes", passes, "[2, inf)")
    start = None if seed is None else integer("seed", seed, "[0, inf)")
    layers = _dropout_layers(model, _checked_types(layer_types))
    array = image_array(model, images, spatial=False)
    call, state = stateless_call(model), seed_states(model, start)

    def predictions(batch: np.ndarray) -> Iterator[tuple[Any, float]]:
        nonlocal state
        for _ in range(count):
            outputs, new = call(state, batch)
            state = advanced(model, state, new)
            yield ops.convert_to_numpy(ops.cast(outputs, "float32")), 1.0

    with inference_scope(start), replaced_functions(Replacement(layer, "call", _in_training) for layer in layers):
        spread = spread_of(array, predictions, batch_size=batch_size, verbose=verbose)
    return uncertainty_of(spread)


def _in_training(call: Callable[..., Any]) -> Callable[..., Any]:
    def in_training(*args: Any, **kwargs: Any) -> Any:
        return call(*args, **{**kwargs, "training": True})

    return in_training


def _checked_types(layer_types: Any) -> tuple[type, ...]:
    types = (layer_types,) if isinstance(layer_types, type) else tuple(layer_types)
    for found in types:
        if not (isinstance(found, type) and issubclass(found, keras.layers.Layer)):
            raise TypeError(
                f"Expected layer_types to be classes of Keras layers. Received {found!r}. Pass the class itself, such "
                "as keras.layers.GaussianNoise."
            )
    return types


def _dropout_layers(model: keras.Model, further: tuple[type, ...]) -> list[Any]:
    # Keras has no public access to the layers inside a layer, such as the dropout of an attention layer.
    found = [layer for layer in model._flatten_layers() if isinstance(layer, (*DROPOUT, *further))]
    active = [layer for layer in found if _rate(layer) > 0]
    if not active:
        received = f"{len(found)} of rate 0" if found else "none"
        raise ValueError(
            f"Expected a model with at least one active dropout layer. Received {model.name!r} with {received}. Build "
            "it with a rate, as in res_unet(dropout=0.2), and train it so; or use predict_tta or predict_ensemble."
        )
    # A layer without the argument is always in training mode, as in the usual recipe for Monte-Carlo dropout.
    return [layer for layer in active if _takes_training(layer)]


def _rate(layer: Any) -> float:
    for name in ("rate", "stddev"):
        if isinstance(getattr(layer, name, None), int | float):
            return float(getattr(layer, name))
    return 1.0  # a user's own class


def _takes_training(layer: Any) -> bool:
    parameters = inspect.signature(layer.call).parameters.values()
    return any(p.name == "training" or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
