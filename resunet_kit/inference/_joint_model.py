"""Networks with a mask and a classification of the image as outputs: both stages of a cascade in one pass."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import keras
import numpy as np

from resunet_kit.inference._batching import Batch, SizeQueues, in_order
from resunet_kit.inference._image_checks import check_outputs
from resunet_kit.inference._stage import SizedImage, Stage, filled_up, resize
from resunet_kit.inference._stage_checks import keras_model
from resunet_kit.inference._two_stages import finding_probability, sized

Result = TypeVar("Result")


class JointModel(NamedTuple):
    """Both stages of a cascade in one network.

    Attributes:
        model: The network, or what `accelerate` returned for it.
        classifier: The network with only its classification.
        segmenter: The network with only its mask.
        outputs: The positions of the two among the outputs.
    """

    model: Any
    classifier: Any
    segmenter: Any
    outputs: tuple[int, int]

    def serves(self, classifier: Any, segmenter: Any) -> bool:
        """Whether the stages of a cascade are still those of the network."""
        return self.classifier is classifier and self.segmenter is segmenter


class OutputOf:
    """One output of a network on another engine, as a predictor.

    Attributes:
        model: The Keras model with only that output.
    """

    def __init__(self, network: Any, position: int, model: keras.Model) -> None:
        self.network, self.position, self.model = network, position, model
        self.input_shape, self.output_shape = model.input_shape, model.output_shape

    def predict_on_batch(self, x: Any) -> Any:
        """Return the output for one batch."""
        return self.network.predict_on_batch(x)[self.position]


def joint_model(model: Any) -> JointModel:
    """Return a network with both outputs as the two stages: its first map, and its only vector of scores.

    Raises:
        TypeError: If it is neither a Keras model with several outputs nor what `accelerate` returned for one.
        ValueError: If these are not a map and one classification.
    """
    network = keras_model(model)
    shapes = [tuple(output.shape) for output in getattr(network, "outputs", None) or []]
    if network is None or len(shapes) < 2:
        raise TypeError(
            "Expected segmenter to be a keras.Model, or None beside one keras.Model with both outputs. Received "
            f"segmenter=None and classifier={model!r}. Pass the segmenter too, or res_unet(…, image_classes=1)."
        )
    maps, scores = ([index for index, shape in enumerate(shapes) if len(shape) == rank] for rank in (4, 2))
    if not maps or len(scores) != 1:
        raise ValueError(
            "Expected one model with a mask (batch, height, width, classes) and one classification (batch, classes) "
            f"as outputs, or a classifier and a segmenter. Received {network.name!r} alone, with outputs of shapes "
            f"{shapes}. Build it as res_unet(…, image_classes=1), or pass the segmenter too."
        )
    positions = scores[0], maps[0]
    parts: list[Any] = [keras.Model(network.inputs, network.outputs[index], name=network.name) for index in positions]
    if network is not model:
        parts = [OutputOf(model, index, part) for index, part in zip(positions, parts, strict=True)]
    classifier, segmenter = parts
    return JointModel(model, classifier, segmenter, positions)


class _JointStage(Stage):
    """The network as a stage, which returns both outputs of a batch."""

    def __init__(self, joint: JointModel, batch_size: int) -> None:
        super().__init__("segmenter", joint.segmenter, batch_size)
        self.joint = joint

    def both(self, batch: np.ndarray, indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the classification and the maps of a batch, checked."""
        outputs = self.joint.model.predict_on_batch(filled_up(batch, self.batch_size))
        scores, maps = (np.asarray(outputs[index], "float32")[: len(batch)] for index in self.joint.outputs)
        for name, found in (("classifier", scores), ("segmenter", maps)):
            check_outputs(name, found, indices)
        return scores, maps


def one_pass(
    images: Iterable[np.ndarray],
    joint: JointModel,
    batch_size: int,
    threshold: float,
    result: Callable[[int, float, tuple[int, ...], np.ndarray | None], Result],
) -> Iterator[Result]:
    """Yield the result of each image, in order, as `two_stages` does, from one pass through the network."""
    stage = _JointStage(joint, batch_size)

    def predict(batch: Batch[SizedImage]) -> Iterator[Result]:
        scores, maps = stage.both(stage.prepare(batch.items), batch.indices)
        rows = zip(batch.indices, batch.items, finding_probability(scores), maps, strict=True)
        for index, image, probability, found in rows:
            output = resize(found[None], image.size)[0] if probability >= threshold else None
            yield result(index, float(probability), image.size, output)

    return in_order(sized(images), SizeQueues(stage.batch_size, predict, stage.input_shape))
