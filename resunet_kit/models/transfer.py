"""What learns and what stays: freezing policies for models with a pretrained backbone."""

from collections.abc import Iterator

import keras

from resunet_kit._errors import unknown_name

POLICIES = ("all", "none", "head", "all_but_norm")
NORM_LAYERS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
)
REFERENCE_SIDE = 256  # stages are told apart by how much they shrink an image of this side

Policy = str | int


def set_trainable(model: keras.Model, policy: Policy) -> dict[str, bool]:
    """Choose which layers learn. Compile the model again afterwards.

    A frozen BatchNormalization also keeps its statistics: Keras runs it in inference mode.

    Args:
        model: A model whose backbone is a nested model, as builders of this package make it.
        policy: `"all"`; `"none"`; `"head"`, everything but the backbone; `"all_but_norm"`, everything but
            normalisations; or a number of top stages of the backbone that learn together with the head. A stage is a
            run of layers between two reductions of the image's size.

    Returns:
        The layers whose state changed, by name, and whether they learn now.

    Raises:
        ValueError: If the policy is unknown, asks for a backbone that the model lacks, or for more stages than it has.

    Example:
        >>> from resunet_kit.models import resnet_classifier, set_trainable
        >>> model = resnet_classifier((64, 64, 3), backbone="resnet18", weights=None, trainable="head")
        >>> sorted(set_trainable(model, 1))[:2]
        ['stage4_unit1_1_conv', 'stage4_unit1_1_norm']
    """
    layers = list(_leaves(model))
    before = [layer.trainable for layer in layers]
    frozen = _frozen(model, policy, layers)
    for container in _containers(model):
        container.trainable = True  # a frozen container would hide what its layers say
    for layer in layers:
        layer.trainable = id(layer) not in frozen
    return {
        layer.name: layer.trainable
        for layer, was in zip(layers, before, strict=True)
        if layer.weights and layer.trainable != was
    }


def _frozen(model: keras.Model, policy: Policy, layers: list[keras.layers.Layer]) -> set[int]:
    if isinstance(policy, int) and not isinstance(policy, bool):
        return _below_top_stages(_backbone(model, policy), policy)
    if policy not in POLICIES:
        raise unknown_name("policy", policy, POLICIES)
    if policy == "all":
        return set()
    if policy == "none":
        return {id(layer) for layer in layers}
    if policy == "head":
        return {id(layer) for layer in _leaves(_backbone(model, policy))}
    return {id(layer) for layer in layers if isinstance(layer, NORM_LAYERS)}


def _below_top_stages(backbone: keras.Model, count: int) -> set[int]:
    layers = [layer for layer in backbone.layers if layer.weights]
    probe = keras.Model(backbone.inputs, [layer.output for layer in layers])
    sides = [REFERENCE_SIDE if side is None else side for side in backbone.input_shape[1:-1]]
    shapes = probe.compute_output_shape((1, *sides, backbone.input_shape[-1]))
    heights = [shape[1] for shape in shapes] if len(layers) > 1 else [shapes[1]]
    stages = sorted(set(heights), reverse=True)
    if not 0 <= count <= len(stages):
        raise ValueError(
            f"Expected a number of top stages from 0 to {len(stages)} for the backbone {backbone.name!r}. "
            f"Received {count}."
        )
    top = set(stages[len(stages) - count :])
    return {id(layer) for layer, height in zip(layers, heights, strict=True) if height not in top}


def _backbone(model: keras.Model, policy: Policy) -> keras.Model:
    nested = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if len(nested) != 1:
        raise ValueError(
            f"Expected a model with one nested backbone for the policy {policy!r}. Received {model.name!r} with "
            f"{len(nested)} nested models. Pass 'all', 'none' or 'all_but_norm', or set layer.trainable yourself."
        )
    return nested[0]


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


def _containers(model: keras.Model) -> Iterator[keras.Model]:
    yield model
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _containers(layer)
