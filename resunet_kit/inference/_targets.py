"""Targets of explanations: a class of a classifier, or the mean score of a class over a region of a segmenter's map."""

import numbers
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.numbers import integer, integers
from resunet_kit._shared.truth import TOLERANCE
from resunet_kit.inference._final_activation import final_activation
from resunet_kit.inference._image_source import as_array

Target = int | Sequence[int] | None


class ScoreWeights:
    """Function from a model's outputs to weights of the same shape, so that a score is `Σ weights · outputs`.

    Args:
        model: A predictor of scores `(batch, classes)` or maps `(batch, ..., classes)`.
        count: Number of images.
        size: Spatial shape of the images.
        target: As in `grad_cam`.
        region: As in `grad_cam`.

    Raises:
        TypeError: If the target is not an integer or a sequence of them, or the region not a mask.
        ValueError: If the target is not a class of the model, or the region does not fit the images or is empty.
    """

    def __init__(self, model: Any, count: int, size: tuple[int, ...], target: Any, region: Any) -> None:
        self.has_maps = _has_maps(model)
        self.classes = model.output_shape[-1]
        self.targets = _targets(target, count, max(self.classes, 2))
        self.region = None if region is None else _region(region, count, size, has_maps=self.has_maps)
        self.kind = final_activation(model).kind if isinstance(model, keras.Model) else None

    def __call__(self, outputs: np.ndarray, batch: slice) -> np.ndarray:
        """Return the weights for the outputs of a batch, float32."""
        targets = None if self.targets is None else self.targets[batch]
        if not self.has_maps:
            chosen = self._classes_of_scores(outputs) if targets is None else targets
            return self._signed(np.ones(len(outputs), "float32"), chosen)
        masks = self._masks(outputs)  # (n, ..., at least 2 classes)
        chosen = self._classes_of_maps(outputs, masks) if targets is None else targets
        areas = np.stack([mask[..., label] for mask, label in zip(masks, chosen, strict=True)])
        if self.region is not None:
            areas = _checked_region(self.region[batch], areas)
        areas = np.stack([area if area.any() else np.ones_like(area) for area in areas]).astype("float32")
        return self._signed(areas / areas.sum(axis=tuple(range(1, areas.ndim)), keepdims=True), chosen)

    def _signed(self, areas: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return `areas` in the channel of each image's class; for one channel, negative for class 0."""
        weights = np.zeros((*areas.shape, self.classes), "float32")
        for weight, area, label in zip(weights, areas, chosen, strict=True):
            if self.classes == 1:
                weight[..., 0] = area if label == 1 else -area
            else:
                weight[..., label] = area
        return weights

    def _classes_of_scores(self, outputs: np.ndarray) -> np.ndarray:
        return np.ones(len(outputs), int) if self.classes == 1 else outputs.argmax(axis=-1)

    def _masks(self, outputs: np.ndarray) -> np.ndarray:
        """Return the predicted mask of each class."""
        if self.classes == 1 or self.kind == "sigmoid":
            positive = outputs >= self._threshold(outputs)
            return np.concatenate([~positive, positive], axis=-1) if self.classes == 1 else positive
        return outputs.argmax(axis=-1)[..., None] == np.arange(self.classes)

    def _threshold(self, outputs: np.ndarray) -> float:
        if self.kind is not None:
            return 0.0 if self.kind == "linear" else 0.5
        inside = outputs.min() >= -TOLERANCE and outputs.max() <= 1 + TOLERANCE
        return 0.5 if inside else 0.0  # for logits

    def _classes_of_maps(self, outputs: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """Return the largest predicted class of each image; without any, the class with the highest mean score."""
        if self.classes == 1:
            return np.ones(len(outputs), int)
        first = 0 if self.kind == "sigmoid" else 1  # without the background
        axes = tuple(range(1, outputs.ndim - 1))
        counts, scores = masks[..., first:].sum(axis=axes), outputs[..., first:].mean(axis=axes)
        largest = np.where(counts.any(axis=-1), counts.argmax(axis=-1), scores.argmax(axis=-1))
        return first + largest


def _checked_region(region: np.ndarray, areas: np.ndarray) -> np.ndarray:
    if region.shape != areas.shape:
        raise ValueError(
            f"Expected a model whose maps have the images' size {region.shape[1:]}, to explain a region. Received "
            f"maps of size {areas.shape[1:]}. Leave out region."
        )
    return region


def _has_maps(model: Any) -> bool:
    shape, rank = model.output_shape, len(model.input_shape)
    if len(shape) not in (2, rank) or shape[-1] is None:
        raise ValueError(
            f"Expected a classifier with scores (batch, classes), or a segmenter with maps. Received output shape "
            f"{shape} for input shape {model.input_shape}. Build a model of one such output."
        )
    return len(shape) > 2


def _targets(target: Any, count: int, classes: int) -> np.ndarray | None:
    if target is None:
        return None
    interval = f"[0, {classes - 1}]"
    if isinstance(target, numbers.Integral | str) or np.ndim(target) == 0:
        return np.full(count, integer("target", target, interval))
    labels = integers("target", target, interval)
    if len(labels) != count:
        raise ValueError(
            f"Expected one target for all images, or one for each of {count}. Received {len(labels)}. Pass one class "
            "label per image, in the order of the images."
        )
    return np.array(labels)


def _region(region: Any, count: int, size: tuple[int, ...], *, has_maps: bool) -> np.ndarray:
    if not has_maps:
        raise ValueError(
            "Expected a region for a segmenter alone. Received one for a classifier, whose score is one per image. "
            "Leave out region."
        )
    mask = as_array(region)
    if mask.dtype.kind not in "bui" or not np.isin(mask, (0, 1)).all():
        raise TypeError(
            f"Expected region to be a mask of booleans or integers 0 and 1. Received dtype {mask.dtype} with values "
            "that are not. Pass a comparison, such as labels == 2."
        )
    if mask.ndim == len(size) + 2 and mask.shape[-1] == 1:
        mask = mask[..., 0]
    if mask.shape not in (size, (1, *size), (count, *size)):
        raise ValueError(
            f"Expected region of shape {size}, for all images, or {(count, *size)}. Received shape {mask.shape}. Pass "
            "one mask of the images' size, or one for each image."
        )
    masks = np.broadcast_to(mask.astype(bool), (count, *size))
    empty = ~masks.reshape(count, -1).any(axis=1)
    if empty.any():
        raise ValueError(
            f"Expected a region with at least one pixel. Received an empty one for image {int(np.argmax(empty))}. "
            "Leave out region to take the predicted mask."
        )
    return masks
