"""Heads: class scores for each pixel or for the whole image."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.numbers import choice, integer, integers
from resunet_kit.blocks._checks import check_activation, check_dropout
from resunet_kit.blocks._layers import convolution, spatial_rank, suffixed

Pooling = Literal["avg", "max", "flatten"]
POOLINGS: tuple[str, ...] = get_args(Pooling)
OVER_CLASSES = (keras.activations.softmax, keras.activations.log_softmax, keras.activations.sparsemax)


def segmentation_head(x: Any, num_classes: int, *, activation: str | None = "auto", name: str | None = None) -> Any:
    """Map features to one score per class and pixel by a 1x1 convolution.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        num_classes: Channels of the output; 1 is the foreground of a binary problem.
        activation: `"auto"` (sigmoid for one class, softmax for more), None for logits, or a Keras activation's name;
            `"sigmoid"` with several classes lets them overlap (multi-label).
        name: Name of the output layer, and prefix of the convolution's.

    Returns:
        Scores of the spatial shape of `x` with `num_classes` channels, float32 under every dtype policy.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the rank or the number of classes is not as above, or softmax is requested for one class.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import segmentation_head
        >>> segmentation_head(keras.Input((32, 32, 16)), 4).shape
        (None, 32, 32, 4)
    """
    activation = class_activation(num_classes, activation)
    x = convolution(x, num_classes, 1, kernel_initializer="glorot_uniform", name=suffixed(name, "conv"))
    return keras.layers.Activation(activation or "linear", dtype="float32", name=name)(x)


def classification_head(
    features: Any,
    num_classes: int,
    *,
    hidden_units: Sequence[int] = (256,),
    dropout: float = 0.3,
    pooling: Pooling | Callable[[Any], Any] = "avg",
    activation: str | None = "auto",
    name: str | None = None,
) -> Any:
    """Pool features over the image and map them to one score per class by dense layers.

    Args:
        features: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        num_classes: Length of the output; 1 is the probability of a binary problem's positive class.
        hidden_units: Widths of the hidden ReLU layers, each followed by dropout.
        dropout: Dropout rate after each hidden layer, in [0, 1).
        pooling: `"avg"` or `"max"` over all pixels, `"flatten"` (of a static shape), or a callable from features to
            `(batch, units)`.
        activation: `"auto"` (sigmoid for one class, softmax for more), None for logits, or a Keras activation's name.
        name: Name of the output layer, and prefix of the others.

    Returns:
        Scores `(batch, num_classes)`, float32 under every dtype policy.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the rank, a width, the rate or a name is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import classification_head
        >>> classification_head(keras.Input((8, 8, 512)), 2, hidden_units=(64, 32)).shape
        (None, 2)
    """
    activation = check_classification(num_classes, hidden_units, dropout, activation)
    x = _pool(features, pooling)
    for i, units in enumerate(hidden_units, start=1):
        x = keras.layers.Dense(int(units), "relu", kernel_initializer="he_normal", name=suffixed(name, f"hidden{i}"))(x)
        x = keras.layers.Dropout(dropout, name=suffixed(name, f"drop{i}"))(x)
    x = keras.layers.Dense(num_classes, name=suffixed(name, "dense"))(x)
    return keras.layers.Activation(activation or "linear", dtype="float32", name=name)(x)


def check_classification(
    num_classes: int, hidden_units: Sequence[int], dropout: float, activation: str | None
) -> str | None:
    """Return the resolved activation, refusing what `classification_head` would refuse."""
    if not _is_empty(hidden_units):
        integers("hidden_units", hidden_units, "[1, inf)")
    check_dropout(dropout)
    return class_activation(num_classes, activation)


def _is_empty(values: object) -> bool:
    if isinstance(values, np.ndarray):
        return values.shape == (0,)
    return isinstance(values, list | tuple | range) and not values


def class_activation(num_classes: int, activation: str | None) -> str | None:
    """Resolve `"auto"`, and refuse a softmax over one class, which is constant."""
    integer("num_classes", num_classes, "[1, inf)")
    if activation == "auto":
        return "sigmoid" if num_classes == 1 else "softmax"
    check_activation("activation", activation)
    if num_classes == 1 and keras.activations.get(activation) in OVER_CLASSES:
        raise ValueError(
            "Expected activation='sigmoid' for one class, over which a softmax is constant. Received num_classes=1 and "
            f"{activation=}. Pass activation='auto', or num_classes=2 for a background and a foreground channel."
        )
    return activation


def _pool(features: Any, pooling: Pooling | Callable[[Any], Any]) -> Any:
    rank = spatial_rank(features)
    if callable(pooling):
        return pooling(features)
    choice("pooling", pooling, POOLINGS, also="or a callable")
    if pooling == "flatten":
        if None in features.shape[1:]:
            raise ValueError(
                f"Expected features of a static shape for pooling='flatten'. Received shape {tuple(features.shape)}. "
                "Give the height and width of the input, or pool with 'avg' or 'max'."
            )
        return keras.layers.Flatten()(features)
    axes = tuple(range(1, rank + 1))
    return ops.mean(features, axis=axes) if pooling == "avg" else ops.max(features, axis=axes)
