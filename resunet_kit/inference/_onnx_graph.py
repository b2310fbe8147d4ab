"""From a TensorFlow graph to ONNX by tf2onnx's steps, without the one that goes wrong."""

from collections.abc import Sequence
from typing import Any

OPSET = 17
AXES = {4: ("batch", "height", "width", "channels"), 5: ("batch", "depth", "height", "width", "channels")}


def onnx_model(function: Any, names: Sequence[str]) -> Any:
    """Return a concrete function of one input as an `onnx.ModelProto`.

    Args:
        function: Traced inference.
        names: Names of the outputs.
    """
    import tensorflow as tf
    from tf2onnx import optimizer, tf_loader
    from tf2onnx.tfonnx import process_tf_graph

    inputs = [tensor.name for tensor in function.inputs if tensor.dtype != tf.resource]
    outputs = [tensor.name for tensor in function.outputs]
    new_names = dict(zip(inputs, function.structured_input_signature[0][0].name.split(), strict=True))
    with tf.device("/cpu:0"):
        frozen = tf_loader.from_function(function, inputs, outputs)
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(frozen, name="")
            converted = process_tf_graph(
                graph, opset=OPSET, input_names=inputs, output_names=outputs, tensors_to_rename=new_names
            )
            # Splitting Einsum mixes up the axes where a size is variable. The engines have the operation.
            steps = {name: step for name, step in optimizer._get_optimizers().items() if name != "einsum_optimizer"}
            model = optimizer.optimize_graph(converted, catch_errors=False, optimizers=steps).make_model("resunet_kit")
    _rename_outputs(model.graph, names)
    for value in (*model.graph.input, *model.graph.output):
        _name_axes(value)
    return model


def _rename_outputs(graph: Any, names: Sequence[str]) -> None:
    """Give a graph's outputs the names, unless one of its tensors has the name already."""
    taken = {name for node in graph.node for name in node.output} | {value.name for value in graph.input}
    renamed = {value.name: name for value, name in zip(graph.output, names, strict=True) if name not in taken}
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for value in graph.output:
        value.name = renamed.get(value.name, value.name)


def _name_axes(value: Any) -> None:
    """Name what is variable as users know it: the converter counts, unk__813."""
    sizes = value.type.tensor_type.shape.dim
    for axis, size in enumerate(sizes):
        if size.dim_param:
            size.dim_param = AXES[len(sizes)][axis] if len(sizes) in AXES else f"axis_{axis}" if axis else "batch"
