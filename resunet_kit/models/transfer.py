"""Trainable and frozen layers: policies for models with a pretrained backbone, and their summary."""

import math
import numbers
from collections.abc import Iterator
from typing import Literal, get_args

import keras

from resunet_kit._shared.numbers import choice, integer
from resunet_kit.models._stages import stages_of

PolicyName = Literal["all", "none", "head", "all_but_norm"]
Policy = PolicyName | int

NORM_LAYERS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
)


def set_trainable(model: keras.Model, policy: Policy) -> dict[str, bool]:
    """Choose which layers are trainable. Compile the model again afterwards.

    A frozen BatchNormalization also keeps its statistics: Keras runs it in inference mode. The choice is saved with the
    model.

    Args:
        model: A model whose backbone is a nested model, as the builders of this package create it.
        policy: `"all"`; `"none"`; `"head"`, everything but the backbone; `"all_but_norm"`, everything but
            normalisations; or the number of top stages of the backbone that are trainable, including normalisations,
            together with the head. A stage consists of the layers between two reductions of the image's size, including
            squeeze-and-excitation.

    Returns:
        The layers whose state changed, by name, and whether they are trainable now.

    Raises:
        TypeError: If the model is not a keras.Model, or the policy is neither a name nor an integer.
        ValueError: If the policy is unknown, asks for a backbone that the model lacks, or for more stages than it has.

    Example:
        >>> from resunet_kit.models import resnet_classifier, set_trainable
        >>> model = resnet_classifier((64, 64, 3), backbone="resnet18", weights=None, trainable="head")
        >>> sorted(set_trainable(model, 1))[:2]
        ['stage4_unit1_1_conv', 'stage4_unit1_1_norm']
    """
    frozen = _frozen(model, policy)
    layers = [layer for leaf in _leaves(model) for layer in (leaf, *_norms_inside(leaf))]
    before = [layer.trainable for layer in layers]
    # Each layer is set individually: a frozen container would hide the state of its layers, and with TensorFlow a
    # container passes on to them only what changes its own state.
    for layer in model._flatten_layers():
        layer.trainable = True
    for layer in frozen:
        for inner in layer._flatten_layers():
            inner.trainable = False
    return {
        layer.name: layer.trainable
        for layer, was in zip(layers, before, strict=True)
        if layer.weights and layer.trainable != was
    }


def check_policy_name(option: str, policy: Policy) -> None:
    """Refuse what is neither a known name nor an integer."""
    if isinstance(policy, bool) or not isinstance(policy, numbers.Integral):
        choice(option, policy, get_args(PolicyName), also="or a number of top stages")


def check_policy(model: keras.Model, policy: Policy) -> None:
    """Raise what `set_trainable` would raise, without changing anything."""
    _frozen(model, policy)


def trainable_summary(model: keras.Model) -> str:
    """Return a table of trainable and frozen weights for each part of a model.

    Parts are the stages of the nested backbone with their size relative to the image, the top stage last, and the other
    layers grouped by the first word of their names, such as `decoder1` or `segmentation`. Without exactly one nested
    backbone, all layers are grouped by name.

    Args:
        model: Any built model.

    Returns:
        A plain-text table with the number of layers that have weights, of their weights and of the trainable ones, and
        the state of the normalisations: `trainable`, `frozen` (weights and statistics), or how many are frozen.

    Example:
        >>> from resunet_kit.models import resnet_classifier, trainable_summary
        >>> model = resnet_classifier((64, 64, 3), backbone="resnet18", weights=None, trainable=1)
        >>> print(trainable_summary(model))
        part                     layers      weights    trainable  normalisations
        resnet18 stage 1 (1/2)        2        9,664            0  frozen
        resnet18 stage 2 (1/4)        8      148,480            0  frozen
        resnet18 stage 3 (1/8)       10      526,848            0  frozen
        resnet18 stage 4 (1/16)      10    2,102,272            0  frozen
        resnet18 stage 5 (1/32)      10    8,398,848    8,393,728  trainable
        presence                      2      131,842      131,842  -
        total                        42   11,317,954    8,525,570  15 of 20 frozen
    """
    parts = {name: layers for name, found in _parts(model).items() if (layers := [x for x in found if x.weights])}
    trainable = {id(weight) for weight in model.trainable_weights}
    parts["total"] = [layer for layers in parts.values() for layer in layers]
    width = max(map(len, parts))
    lines = [f"{'part':{width}}  {'layers':>6}  {'weights':>11}  {'trainable':>11}  normalisations"]
    for name, layers in parts.items():
        weights = [weight for layer in layers for weight in layer.weights]
        unfrozen = [weight for weight in weights if id(weight) in trainable]
        counts = f"{len(layers):6,}  {_size(weights):11,}  {_size(unfrozen):11,}"
        lines.append(f"{name:{width}}  {counts}  {_norm_state(layers)}")
    return "\n".join(lines)


# === Policies ===


def _frozen(model: keras.Model, policy: Policy) -> list[keras.layers.Layer]:
    if not isinstance(model, keras.Model):
        raise TypeError(f"Expected a keras.Model. Received {model!r}. Pass what a builder returns.")
    check_policy_name("policy", policy)
    if not isinstance(policy, str):
        return _below_top_stages(_backbone(model, policy), policy)
    if policy == "head":
        return list(_leaves(_backbone(model, policy)))
    layers = list(_leaves(model))
    if policy == "all_but_norm":
        return [norm for layer in layers for norm in _norms_inside(layer)]
    return layers if policy == "none" else []


def _below_top_stages(backbone: keras.Model, count: int) -> list[keras.layers.Layer]:
    stages = list(stages_of(backbone).values())
    cure = f"The backbone {backbone.name!r} has {len(stages)} stages: pass how many top ones are trainable."
    count = integer("policy", count, f"[0, {len(stages)}]", cure=cure)
    top = {id(layer) for stage in stages[len(stages) - count :] for layer in stage}
    return [layer for layer in _leaves(backbone) if id(layer) not in top]


def _backbone(model: keras.Model, policy: Policy) -> keras.Model:
    nested = _nested(model)
    if len(nested) != 1:
        raise ValueError(
            f"Expected a model with one nested backbone for {policy=}. Received {model.name!r} with {len(nested)} "
            "nested models. Pass 'all', 'none' or 'all_but_norm', or set layer.trainable yourself."
        )
    return nested[0]


def _nested(model: keras.Model) -> list[keras.Model]:
    # Augmentation is often a nested model without weights.
    return [layer for layer in model.layers if isinstance(layer, keras.Model) and layer.weights]


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


def _norms_inside(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    # Keras has no public access to the layers inside a layer, such as a wrapper or a transformer's block.
    return [inner for inner in layer._flatten_layers() if isinstance(inner, NORM_LAYERS)]


# === Summary ===


def _parts(model: keras.Model) -> dict[str, list[keras.layers.Layer]]:
    parts: dict[str, list[keras.layers.Layer]] = {}
    nested = _nested(model)
    for layer in model.layers:
        if len(nested) == 1 and layer is nested[0]:
            parts.update(_backbone_parts(layer))
        elif isinstance(layer, keras.Model):
            parts[layer.name] = list(_leaves(layer))
        else:
            parts.setdefault(layer.name.split("_")[0], []).append(layer)
    return parts


def _backbone_parts(backbone: keras.Model) -> dict[str, list[keras.layers.Layer]]:
    stages = stages_of(backbone)
    staged = {id(layer) for layers in stages.values() for layer in layers}
    parts = {f"{backbone.name} input": [layer for layer in _leaves(backbone) if id(layer) not in staged]}
    for number, (level, layers) in enumerate(stages.items(), start=1):
        parts[f"{backbone.name} stage {number} (1/{2**level})"] = layers
    return parts


def _size(weights: list[keras.Variable]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _norm_state(layers: list[keras.layers.Layer]) -> str:
    norms = [norm for layer in layers for norm in _norms_inside(layer)]
    frozen = sum(not norm.trainable for norm in norms)
    if not norms:
        return "-"
    if frozen in (0, len(norms)):
        return "frozen" if frozen else "trainable"
    return f"{frozen} of {len(norms)} frozen"
