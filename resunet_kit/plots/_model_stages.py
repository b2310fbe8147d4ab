"""The stages of a Keras model: its layers grouped by the size of their feature maps, found from its graph.

Works on any functional or Sequential model without importing Keras: through the graph's nodes, whose operations compute
their own output shapes.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Side = Literal["Encoder", "Decoder", "Head"]
Shape = tuple[int | None, ...]
Level = tuple[int, ...]

# Operations that keep a feature map in its stage, although they change its size at the border.
_BORDERS = ("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Pad", "Cropping1D", "Cropping2D", "Cropping3D")


class _Feature(NamedTuple):
    """What is known about one tensor.

    Attributes:
        shape: Shape with the batch axis.
        level: How often each axis was halved, rounded, so that borders do not count.
        deepest: The deepest level that it was computed from, except for what was pooled over the image.
        pooled: Whether positions were reduced to one: a vector, or a map of one pixel after global pooling.
        steps: The steps of computation that it comes from; empty for an input.
    """

    shape: Shape
    level: Level
    deepest: Level
    pooled: bool
    steps: tuple[int, ...]


@dataclass
class Step:
    """One call of a layer or operation: its output, the steps that feed it, and whether the model returns it."""

    operation: Any
    output: _Feature
    sources: tuple[int, ...]
    returned: bool = False


@dataclass
class Stage:
    """Layers whose feature maps have one size, on one side of the network.

    Attributes:
        side: Encoder, decoder or head.
        level: How often each axis was halved.
        size: Size of the last feature map.
        channels: Channels of the last feature map.
        passed_on: The largest number of channels that another stage takes from this one; 0 if none does.
        parameters: Number of parameters of all its layers.
        kinds: Number of layer calls by class.
    """

    side: Side
    level: Level
    size: tuple[int, ...] = ()
    channels: int = 0
    passed_on: int = 0
    parameters: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


class Stages(NamedTuple):
    """The stages in the order of computation, and the pairs of stages of which one feeds the other."""

    stages: list[Stage]
    edges: set[tuple[int, int]]


def steps_of(model: Any, inputs: list[Shape]) -> list[Step]:
    """Return every call of a layer of a graph, those inside nested models too, in order of computation.

    Args:
        model: A functional or Sequential model.
        inputs: The shape of each input, with the batch axis.
    """
    known = {}
    for tensor, shape in zip(model.inputs, inputs, strict=True):
        level = (0,) * max(len(shape) - 2, 0)
        known[id(tensor)] = _Feature(shape, level, level, pooled=len(shape) < 3, steps=())
    trace = _Trace(max((shape[1:-1] for shape in inputs), key=len), [])
    _follow(model, known, trace)
    for tensor in model.outputs:
        for number in known[id(tensor)].steps:
            trace.steps[number].returned = True
    return trace.steps


class _Trace(NamedTuple):
    """The image's size, against which levels are counted, and the steps found so far."""

    image: Shape
    steps: list[Step]


def _follow(graph: Any, known: dict[int, _Feature], trace: _Trace) -> None:
    """Compute all tensors of a graph; a node waits until its inputs are known."""
    waiting = [node for node in _nodes(graph) if not all(id(tensor) in known for tensor in node.outputs)]
    while waiting:
        ready = [node for node in waiting if all(id(tensor) in known for tensor in node.input_tensors)]
        if not ready:  # of a layer that is used elsewhere too
            return
        for node in ready:
            _call(node, known, trace)
        done = set(map(id, ready))
        waiting = [node for node in waiting if id(node) not in done]


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield the calls of a graph's layers; those of other graphs that share a layer wait for their inputs in vain."""
    for operation in getattr(graph, "operations", None) or graph.layers:
        yield from (node for node in operation._inbound_nodes if node.input_tensors)


def _call(node: Any, known: dict[int, _Feature], trace: _Trace) -> None:
    taken = [known[id(tensor)] for tensor in node.input_tensors]
    operation = node.operation
    if is_graph(operation) and len(operation.inputs) == len(taken):
        inner = dict(zip(map(id, operation.inputs), taken, strict=True))
        _follow(operation, inner, trace)
        found = [inner[id(tensor)] for tensor in operation.outputs]
    else:
        shapes = _output_shapes(node, known)
        number = len(trace.steps)
        found = [_after(operation, taken, shape, trace.image, number) for shape in shapes]
        sources = dict.fromkeys(source for feature in taken for source in feature.steps)
        trace.steps.append(Step(operation, found[0], tuple(sources)))
    known |= dict(zip(map(id, node.outputs), found, strict=True))


def is_graph(model: Any) -> bool:
    """Return whether a model's layers can be followed: it is functional or Sequential, and built."""
    layers = getattr(model, "layers", None)
    return bool(layers) and bool(getattr(model, "inputs", None)) and bool(getattr(model, "outputs", None))


def _output_shapes(node: Any, known: dict[int, _Feature]) -> list[Shape]:
    """Return the shapes of a call's outputs; those of the graph where its inputs have the shapes of the graph."""
    if all(tuple(tensor.shape) == known[id(tensor)].shape for tensor in node.input_tensors):
        return [tuple(tensor.shape) for tensor in node.outputs]
    tensors = {id(tensor): type(tensor)(known[id(tensor)].shape, dtype=tensor.dtype) for tensor in node.input_tensors}
    args, kwargs = node.arguments.fill_in(tensors)
    found = node.operation.compute_output_spec(*args, **kwargs)
    return [tuple(spec.shape) for spec in _flat(found)]


def _flat(found: Any) -> list[Any]:
    if isinstance(found, dict):
        return [leaf for key in sorted(found) for leaf in _flat(found[key])]
    return [leaf for part in found for leaf in _flat(part)] if isinstance(found, list | tuple) else [found]


def _after(operation: Any, taken: list[_Feature], shape: Shape, image: Shape, number: int) -> _Feature:
    maps = [feature for feature in taken if not feature.pooled]
    pixels = _pixels(shape)
    global_pooling = bool(maps) and pixels == 1 and _reduces_all(operation, max(_pixels(m.shape) for m in maps))
    pooled = len(shape) != len(image) + 2 or global_pooling or (not maps and pixels == 1)
    source = max(maps or taken, key=lambda feature: _pixels(feature.shape))
    level = source.level if pooled or type(operation).__name__ in _BORDERS else _level(shape, image)
    deepest = tuple(map(max, zip(level, *(feature.deepest for feature in maps), strict=True)))
    return _Feature(shape, level, deepest, pooled, (number,))


def _level(shape: Shape, image: Shape) -> Level:
    """Return how often each axis of an image was halved."""
    return tuple(round(math.log2((a or 1) / (b or 1))) for a, b in zip(image, shape[1:-1], strict=True))


def _reduces_all(operation: Any, before: int) -> bool:
    """Return whether an operation reduces all pixels to one, rather than being the last of a series of halvings."""
    name = type(operation).__name__
    return name.startswith("Global") or name in ("Mean", "Max", "Sum") or before > 4**3


def _pixels(shape: Shape) -> int:
    return math.prod(size or 1 for size in shape[1:-1]) if len(shape) > 2 else 1


def group(steps: list[Step]) -> Stages:
    """Return the stages of the steps, in the order in which they begin.

    A feature map belongs to the encoder until it is enlarged, and to the decoder afterwards. What is pooled over the
    image and returned is the head; other vectors, as in squeeze-and-excitation, belong to the stage that they come
    from.
    """
    keys = _keys(steps)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    stages = [Stage(*key) for key in numbers]
    counted: set[int] = set()
    feeding = {source for step, key in zip(steps, keys, strict=True) for source in step.sources if keys[source] != key}
    for index, (step, key) in enumerate(zip(steps, keys, strict=True)):
        _add(stages[numbers[key]], step, counted, feeds=index in feeding)
    pairs = {
        (numbers[keys[source]], numbers[key])
        for step, key in zip(steps, keys, strict=True)
        for source in step.sources
        if len(steps[source].output.shape) > 1  # sizes that a layer reads from another are not a connection
    }
    return _without_resizing(stages, {(start, end) for start, end in pairs if start != end})


def _keys(steps: list[Step]) -> list[tuple[Side, Level]]:
    """Return side and level of the stage that each step belongs to."""
    is_head = _leads_to_vectors(steps)
    keys: list[tuple[Side, Level]] = []
    for step, head in zip(steps, is_head, strict=True):
        output = step.output
        if output.pooled and head:
            keys.append(("Head", ()))
        elif output.pooled and step.sources:
            keys.append(keys[step.sources[0]])
        else:
            keys.append(("Decoder" if sum(output.level) < sum(output.deepest) else "Encoder", output.level))
    return keys


def _without_resizing(stages: list[Stage], edges: set[tuple[int, int]]) -> Stages:
    """Merge stages without parameters into the only stage that they feed: they are steps of its resizing."""
    for number, stage in enumerate(stages):
        following = {end for start, end in edges if start == number}
        target = min(following, default=number)
        if any(stage.level) and not stage.parameters and len(following) == 1 and stages[target].side != "Head":
            stages[target].kinds += stage.kinds
            edges = {tuple(target if end == number else end for end in edge) for edge in edges}  # type: ignore[misc]
            edges = {(start, end) for start, end in edges if start != end}
    used = [number for number, stage in enumerate(stages) if number in {n for edge in edges for n in edge}]
    used = used or list(range(len(stages)))
    new = {number: index for index, number in enumerate(used)}
    return Stages([stages[number] for number in used], {(new[start], new[end]) for start, end in edges})


def _leads_to_vectors(steps: list[Step]) -> list[bool]:
    """Return for each step whether only vectors lead from it to what the model returns."""
    leads = [step.returned and step.output.pooled for step in steps]
    meets = [False] * len(steps)
    for index in range(len(steps) - 1, -1, -1):
        for source in steps[index].sources:
            meets[source] |= meets[index] or not steps[index].output.pooled
            leads[source] |= leads[index]
    return [lead and not meet for lead, meet in zip(leads, meets, strict=True)]


def _add(stage: Stage, step: Step, counted: set[int], *, feeds: bool) -> None:
    """Count a step; a layer that is called several times has its parameters once."""
    kind, output = type(step.operation).__name__, step.output
    if hasattr(step.operation, "count_params"):  # a layer, rather than a function of keras.ops
        stage.kinds[kind] += 1
    if (kind not in _BORDERS or not stage.channels) and (stage.side == "Head" or not output.pooled):
        stage.size = () if output.pooled else tuple(int(size or 1) for size in output.shape[1:-1])
        stage.channels = int(output.shape[-1] or 0)
        stage.passed_on = max(stage.passed_on, stage.channels if feeds else 0)
    if id(step.operation) not in counted:
        counted.add(id(step.operation))
        weights = getattr(step.operation, "weights", ())
        stage.parameters += sum(math.prod(weight.shape) for weight in weights)
