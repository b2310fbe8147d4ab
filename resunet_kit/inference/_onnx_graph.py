"""Conversion of a TensorFlow graph to ONNX by the steps of tf2onnx, without those that go wrong."""

from collections.abc import Sequence
from typing import Any

import numpy as np

OPSET = 17
NO_END = 1_000_000_000  # of tf2onnx
AXES = {4: ("batch", "height", "width", "channels"), 5: ("batch", "depth", "height", "width", "channels")}

# In tf2onnx 1.17, the first mixes up axes if a size is variable; engines have the operation that it splits. The second
# loses the last operation in some conversions, one in ten.
WRONG_STEPS = ("einsum_optimizer", "reshape_optimizer")

SPELLED_OUT = {"Erfc": ("Erf", "Sub"), "Log1p": ("Add", "Log"), "Expm1": ("Exp", "Sub")}


def onnx_model(function: Any, name: str, names: Sequence[str]) -> Any:
    """Convert a concrete function of one input to an `onnx.ModelProto`.

    Args:
        function: Traced inference.
        name: Name of the input.
        names: Names of the outputs.
    """
    import tensorflow as tf
    from tf2onnx import optimizer, tf_loader
    from tf2onnx.tfonnx import process_tf_graph

    inputs = [function.inputs[0].name]  # after it come captured weights
    outputs = [tensor.name for tensor in function.outputs]
    with tf.device("/cpu:0"):
        frozen = tf_loader.from_function(function, inputs, outputs)
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(frozen, name="")
            converted = process_tf_graph(
                graph, opset=OPSET, input_names=inputs, output_names=outputs, tensors_to_rename={inputs[0]: name}
            )
            steps = {name: step for name, step in optimizer._get_optimizers().items() if name not in WRONG_STEPS}
            # A step that fails, as one does on MobileNetV3's scalars, is left out: each gets a copy of the graph.
            model = optimizer.optimize_graph(converted, catch_errors=True, optimizers=steps).make_model("resunet_kit")
    _spell_out(model.graph)
    _rename_outputs(model.graph, names)
    _slice_to_the_end(model.graph)
    for value in (*model.graph.input, *model.graph.output):
        _name_axes(value)
    return model


def _spell_out(graph: Any) -> None:
    """Replace operations that tf2onnx passes on under TensorFlow's name by operations that ONNX has.

    `erfc(x) = 1 - erf(x)`, used in GELU, `log1p(x) = log(x + 1)` and `expm1(x) = exp(x) - 1`.
    """
    from onnx import helper, numpy_helper

    one, nodes = "one_of_float32", []
    for node in graph.node:
        first, second = SPELLED_OUT.get(node.op_type, ("", ""))
        if not first:
            nodes.append(node)
            continue
        between = f"{node.output[0]}_part"
        operands = {"Erfc": ([node.input[0]], [one, between]), "Log1p": ([node.input[0], one], [between])}
        start, end = operands.get(node.op_type, ([node.input[0]], [between, one]))
        nodes.append(helper.make_node(first, start, [between], name=f"{node.name}_part"))
        nodes.append(helper.make_node(second, end, node.output, name=node.name))
    if len(nodes) > len(graph.node):
        graph.initializer.append(numpy_helper.from_array(np.float32(1), one))
        del graph.node[:]
        graph.node.extend(nodes)


def _rename_outputs(graph: Any, names: Sequence[str]) -> None:
    """Rename a graph's outputs, except to names that one of its tensors has already."""
    taken = {name for node in graph.node for name in node.output} | {value.name for value in graph.input}
    renamed = {value.name: name for value, name in zip(graph.output, names, strict=True) if name not in taken}
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for value in graph.output:
        value.name = renamed.get(value.name, value.name)


def _slice_to_the_end(graph: Any) -> None:
    """End slices at the largest integer, as the format specifies, where the converter ends them at a billion.

    OpenVINO takes a billion for the largest size of the result, and fails to multiply several.
    """
    from onnx import numpy_helper

    constants = {constant.name: constant for constant in graph.initializer}
    for node in graph.node:
        if node.op_type != "Slice" or not all(name in constants for name in node.input[1:]):
            continue
        arrays = [numpy_helper.to_array(constants[name]).astype("int64") for name in node.input[1:]]
        arrays[1][arrays[1] >= NO_END] = np.iinfo("int64").max
        names = [f"{node.name}_{part}" for part in ("starts", "ends", "axes", "steps")[: len(arrays)]]
        graph.initializer.extend(map(numpy_helper.from_array, arrays, names))
        node.input[1:] = names
    used = {name for node in graph.node for name in node.input}
    for name, constant in constants.items():
        if name not in used:
            graph.initializer.remove(constant)


def _name_axes(value: Any) -> None:
    """Name variable axes as users know them; the converter numbers them, as in unk__813."""
    sizes = value.type.tensor_type.shape.dim
    for axis, size in enumerate(sizes):
        if size.dim_param:
            size.dim_param = AXES[len(sizes)][axis] if len(sizes) in AXES else f"axis_{axis}" if axis else "batch"
