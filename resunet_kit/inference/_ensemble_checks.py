"""Checks of the members of an ensemble against each other."""

from typing import Any

import keras

from resunet_kit.inference._final_activation import final_activation


def check_members(members: list[Any]) -> None:
    """Refuse members whose outputs cannot be averaged.

    Raises:
        ValueError: If there are fewer than two, one occurs twice, or shapes, input types or final activations differ.
    """
    if len(members) < 2:
        raise ValueError(
            f"Expected at least two models. Received {len(members)}. Pass several, trained from different random "
            "weights or on different folds."
        )
    for index, model in enumerate(members):
        earlier = next(i for i, other in enumerate(members) if other is model)
        if earlier != index:
            raise ValueError(
                f"Expected different models. Received the same one as models[{earlier}] and models[{index}]. Build or "
                "load one for each member, or give it a larger weight."
            )
        for side in ("input", "output"):
            _check_equal(f"{side} shape", members, index, lambda model, side=side: getattr(model, f"{side}_shape"))
        _check_equal("input type", members, index, _input_type)
    _check_activations(members)


def _check_equal(what: str, members: list[Any], index: int, of: Any) -> None:
    first, own = of(members[0]), of(members[index])
    if own != first:
        raise ValueError(
            f"Expected models of one {what}. Received {first} for models[0] and {own} for models[{index}]. Build all "
            "with the same arguments."
        )


def _input_type(model: Any) -> str | None:
    inputs = getattr(model, "inputs", None)
    return keras.backend.standardize_dtype(inputs[0].dtype) if inputs else None


def _check_activations(members: list[Any]) -> None:
    kinds = [final_activation(model).kind if isinstance(model, keras.Model) else None for model in members]
    known = {kind: kinds.index(kind) for kind in kinds if kind is not None}
    if len(known) > 1:
        received = " and ".join(
            f"{'logits' if kind == 'linear' else f'a {kind}'} for models[{index}]" for kind, index in known.items()
        )
        raise ValueError(
            f"Expected models with the same final activation, whose mean has a meaning. Received {received}. End each "
            "in probabilities: keras.Model(model.input, keras.ops.softmax(model.outputs[0])), or sigmoid."
        )
