"""Network that `fit_folder` trains: the default one or the user's, checked before training."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import keras
import numpy as np

from resunet_kit.inference._value_range import takes_raw_intensities
from resunet_kit.training._folder_plan import FolderPlan
from resunet_kit.training._folder_recipe import Recipe, default_network

Network: TypeAlias = keras.Model | Callable[[tuple[int, int, int], int], keras.Model]


def check_network(model: Any) -> None:
    """Check what the user passed as `model`, as far as possible without data.

    Raises:
        TypeError: If it is neither a model, a function that builds one nor None.
        ValueError: If a model has not been built, or does not predict maps from images.
    """
    if model is None:
        return
    if not callable(model) or (isinstance(model, type) and issubclass(model, keras.Model)):
        raise TypeError(
            f"Expected model to be a keras.Model, or a function (input_shape, num_classes) that builds one. Received "
            f"model={model!r}. Leave it out for the default network."
        )
    if isinstance(model, keras.Model):
        _check_shapes(model)


def fixed_size(model: Any) -> tuple[int, int] | None:
    """Return the height and width that a model requires; None if it takes any, or is not a model yet."""
    if not isinstance(model, keras.Model):
        return None
    height, width = model.input_shape[1:3]
    return None if None in (height, width) else (height, width)


def made_network(model: Network | None, plan: FolderPlan, recipe: Recipe) -> keras.Model:
    """Return the network to train, after checking that it fits the data.

    Raises:
        TypeError: If the user's function does not return a model.
        ValueError: If a model does not accept these images, or does not predict these classes.
    """
    with dtype_policy(recipe.precision):
        if model is None:
            return default_network(plan, recipe)
        built: Any = model if isinstance(model, keras.Model) else model(plan.input_shape, plan.num_classes)
    if built is not model:
        model = built
        check_network(model)
        if not isinstance(model, keras.Model):
            raise TypeError(f"Expected model to return a keras.Model. Received {model!r}. Return the model it builds.")
    _check_fit(model, plan)
    plan.num_classes = model.output_shape[-1]
    return model


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Create layers with the given dtype policy within the block."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _check_shapes(model: keras.Model) -> None:
    for kind in ("input", "output"):
        shape = getattr(model, f"{kind}_shape", None)
        if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] is None:
            raise ValueError(
                f"Expected a built model of one {kind} (batch, height, width, channels). Received {kind} shape {shape}."
                " Build it first; of several outputs pass keras.Model(inputs, main_output), or strip_deep_supervision."
            )


def _check_fit(model: keras.Model, plan: FolderPlan) -> None:
    channels, size = model.input_shape[-1], fixed_size(model)
    if channels != plan.network_channels:
        raise ValueError(
            f"Expected a model for images of {plan.network_channels} channels, as the files have. Received one for "
            f"{channels}. Pass channels={channels} to read files so, or build the model for {plan.network_channels}."
        )
    if size is not None and size != plan.image_size:
        raise ValueError(
            f"Expected image_size={size}, that of the model. Received image_size={plan.image_size}. Leave image_size "
            "out, or build the model for that size."
        )
    outputs = model.output_shape[-1]
    if outputs != plan.num_classes and (outputs, plan.num_classes) != (2, 1):
        raise ValueError(
            f"Expected a model of {plan.num_classes} output channels, as the masks have "
            f"{'foreground alone' if plan.num_classes == 1 else f'{plan.num_classes} classes'}. Received {outputs}. "
            f"Build it for {plan.num_classes}, or pass num_classes={max(outputs, 2)} if the masks have that many."
        )
    if takes_raw_intensities(model) and plan.reading["normalize"] is None:
        raise ValueError(
            "Expected a model for images in [0, 1]. Received one whose first layers rescale raw intensities. Pass "
            "normalize=(0, 1 / 255), which reads 8-bit images from 0 to 255, or build the model without that layer."
        )
    _check_outputs(model, plan)


def _check_outputs(model: keras.Model, plan: FolderPlan) -> None:
    """Predict a noise image, and refuse outputs of another size than the image's, or that are not probabilities."""
    shape = (1, *plan.input_shape)
    image = np.random.default_rng(0).standard_normal(shape, np.float32)
    found = np.asarray(keras.ops.convert_to_numpy(model(image, training=False)), np.float32)
    if found.shape[1:3] != plan.image_size:
        raise ValueError(
            f"Expected outputs of the images' height and width {plan.image_size}. Received {found.shape[1:3]}. "
            "Upsample them in the model, or pass an image_size that its stride divides."
        )
    sums = found.sum(axis=-1) if found.shape[-1] > 1 else np.ones(1)
    if not (np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1.001 and np.allclose(sums, 1, atol=0.02)):
        raise ValueError(
            f"Expected a model whose outputs are probabilities. Received {found.min():.3g} to {found.max():.3g}"
            f"{', of sums ' + format(sums.min(), '.3g') + ' to ' + format(sums.max(), '.3g') if len(sums) else ''}. "
            f"End it with {'sigmoid' if found.shape[-1] == 1 else 'softmax'}."
        )
