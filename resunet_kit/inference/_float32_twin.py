"""Float32 twin of a model, for other engines, whatever the model's own dtype policy."""

from typing import Any

import keras

from resunet_kit._shared.errors import reason

HALVES = ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16")


def float32_twin(model: keras.Model) -> keras.Model:
    """Return the model itself if it computes in float32; else the same layers and weights, computed in float32.

    Args:
        model: A built model; under mixed precision, one that Keras can rebuild from its configuration.

    Raises:
        ValueError: If the model computes in half precision and cannot be rebuilt from its configuration.

    Example:
        >>> import keras
        >>> inputs = keras.Input((8,))
        >>> half = keras.Model(inputs, keras.layers.Dense(2, dtype="mixed_bfloat16")(inputs))
        >>> float32_twin(half).layers[-1].compute_dtype
        'float32'
    """
    if not computes_in_half(model):
        return model
    config = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    try:
        twin = keras.saving.deserialize_keras_object(_in_float32(config), safe_mode=False)
        twin.set_weights(model.get_weights())
    except Exception as error:  # a user's layer may raise anything
        raise ValueError(
            "Expected a model of half precision that can be made again from its configuration, to compute it in "
            f"float32. Received the error: {reason(error)} Register its own layers with "
            "keras.saving.register_keras_serializable and give them a get_config, or build it in float32 and copy the "
            "weights with set_weights."
        ) from error
    return twin


def computes_in_half(model: keras.Model) -> bool:
    """Return whether any layer computes in float16 or bfloat16."""
    return any(getattr(layer, "compute_dtype", None) in HALVES for layer in model._flatten_layers())


def _in_float32(config: Any, policy: bool = False) -> Any:
    """Replace every policy and dtype of half precision in a configuration, but no other text that reads like one.

    Args:
        config: A part of the configuration.
        policy: Whether this part says which dtype a layer, an operation or a tensor has.
    """
    if isinstance(config, dict):
        policy = policy or "DTypePolicy" in str(config.get("class_name"))
        return {key: _in_float32(value, policy or key == "dtype") for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(_in_float32(value, policy) for value in config)
    return "float32" if policy and isinstance(config, str) and config in HALVES else config
