"""Ensembles: the mean of several models as one model, and the spread of its members."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.numbers import number
from resunet_kit.inference._ensemble_checks import check_members
from resunet_kit.inference._image_array import image_array
from resunet_kit.inference._keras_model import check_keras_model
from resunet_kit.inference._moments import spread_of
from resunet_kit.inference._predictor import check_predictor
from resunet_kit.inference.uncertainty import Uncertainty, uncertainty_of

MEMBERS = "member{}_output"  # names of the layers that weigh the members, by which a loaded ensemble is recognised


def ensemble(
    models: Iterable[keras.Model], *, weights: Sequence[float] | None = None, name: str = "ensemble"
) -> keras.Model:
    """Join models into one whose output is the mean of theirs.

    `mean = Σ w_m model_m(x)`, with weights that sum to 1. It is made of stock Keras layers and nested copies of the
    models' graphs, so that it saves, reloads without this package, exports and runs in a cascade like any model.

    Args:
        models: At least two models of one input shape and one output shape, with the same final activation.
        weights: A weight above 0 per model, such as its validation score; None for equal weights. They are divided by
            their sum.
        name: Name of the model.

    Returns:
        A model with the weights of the members themselves, not copies, so training one trains the other. The members
        are nested as `member1`, `member2`, and so on. The output is float32. For models that end in logits, it is the
        mean of the logits, which is not the mean of the probabilities.

    Raises:
        TypeError: If a member is not a `keras.Model`, or a weight is not a number.
        ValueError: If there are fewer than two, the same one occurs twice, a model is not a functional or sequential
            one, shapes or final activations differ, or the weights do not fit.

    Example:
        >>> from resunet_kit.inference import ensemble
        >>> from resunet_kit.models import res_unet
        >>> members = [res_unet((32, 32, 1), filters=(4, 8)) for _ in range(2)]
        >>> model = ensemble(members, weights=[0.81, 0.84])
        >>> model.output_shape, model.count_params() == sum(member.count_params() for member in members)
        ((None, 32, 32, 1), True)

    References:
        Lakshminarayanan et al. 2017, Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles,
        arXiv 1612.01474.
    """
    members = list(_iterable(models))
    for index, model in enumerate(members):
        check_keras_model(f"models[{index}]", model, "An ensemble is one Keras model")
    check_members(members)
    factors = _normalized(weights, len(members))
    given = members[0].inputs[0]
    image = keras.Input(given.shape[1:], dtype=given.dtype, name="image")
    outputs = []
    for index, (model, factor) in enumerate(zip(members, factors, strict=True), start=1):
        # The graph under another name: models of one builder have one name, and a model may hold each name only once.
        member = keras.Model(model.inputs[0], model.outputs[0], name=f"member{index}")
        outputs.append(keras.layers.Rescaling(factor, dtype="float32", name=MEMBERS.format(index))(member(image)))
    return keras.Model(image, keras.layers.Add(dtype="float32", name="mean")(outputs), name=name)


def predict_ensemble(
    models: Any,
    images: Any,
    *,
    weights: Sequence[float] | None = None,
    batch_size: int = 8,
    verbose: int = 0,
) -> Uncertainty:
    """Predict with each member, and return the mean and the spread of the members.

    Args:
        models: At least two models of one input and output shape, such as those that `accelerate` returns; or the model
            that `ensemble` returned, reloaded or not.
        images: `(n, height, width, channels)` or `(n, depth, height, width, channels)`, in the range of the training
            images; a list of images of one size; for 2-D models also a generator or dataset.
        weights: A weight above 0 per model; None for equal weights, or those of the ensemble.
        batch_size: Images per step.
        verbose: 0 for silence, 1 for a progress bar.

    Returns:
        `Uncertainty`: `mean` and `std` `(n, ..., classes)`, `entropy` and `mutual_information` `(n, ...)`, and
        `image_uncertainty` `(n,)`. It unpacks as `mean, std`.

    Raises:
        TypeError: If a member does not predict, or a weight is not a number.
        ValueError: If there are fewer than two members, their shapes differ, an image has another shape than they take
            or holds NaN, an output is NaN, or an option is out of range.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import predict_ensemble
        >>> from resunet_kit.models import res_unet
        >>> members = [res_unet((32, 32, 1), filters=(4, 8)) for _ in range(2)]
        >>> result = predict_ensemble(members, np.ones((1, 32, 32, 1), "float32"))
        >>> result.mean.shape, bool(result.std.max() > 0)
        ((1, 32, 32, 1), True)

    References:
        Lakshminarayanan et al. 2017, Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles,
        arXiv 1612.01474.
    """
    own = None
    if isinstance(models, keras.Model):
        models, own = _members_of(models)
    members = list(_iterable(models))
    for index, model in enumerate(members):
        check_predictor(f"models[{index}]", model)
    check_members(members)
    factors = _normalized(own if weights is None else weights, len(members))
    array = image_array(members[0], images, spatial=False)

    def predictions(batch: np.ndarray) -> Iterator[tuple[Any, float]]:
        for model, factor in zip(members, factors, strict=True):
            yield np.asarray(model.predict_on_batch(batch), "float32"), factor

    return uncertainty_of(spread_of(array, predictions, batch_size=batch_size, verbose=verbose))


def _iterable(models: Any) -> Iterable[Any]:
    if isinstance(models, keras.Model) or not isinstance(models, Iterable):
        raise TypeError(
            f"Expected models to be a list of models. Received {type(models).__name__}. Pass [first, second]."
        )
    return models


def _normalized(weights: Sequence[float] | None, count: int) -> list[float]:
    if weights is None:
        return [1 / count] * count
    values = [number(f"weights[{index}]", weight, "(0, inf)") for index, weight in enumerate(weights)]
    if len(values) != count:
        raise ValueError(
            f"Expected one weight for each of {count} models. Received {len(values)}: {weights=}. Leave out a model "
            "that is to have none."
        )
    return [value / sum(values) for value in values]


def _members_of(model: keras.Model) -> tuple[list[keras.Model], list[float]]:
    """Return the members of a model that `ensemble` returned, and their weights."""
    by_name = {layer.name: layer for layer in model.layers}
    members: list[keras.Model] = []
    weights: list[float] = []
    while (layer := by_name.get(MEMBERS.format(len(members) + 1))) is not None:
        members.append(by_name[f"member{len(members) + 1}"])
        weights.append(float(layer.scale))
    if not members:
        raise ValueError(
            f"Expected a list of models, or a model that ensemble returned. Received {model.name!r}, which has no "
            "members. Pass [first, second]."
        )
    return members, weights
