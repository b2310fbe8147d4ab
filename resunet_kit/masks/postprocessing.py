"""From probabilities to a clean mask by one object, which can be tuned, saved and loaded."""

import dataclasses
import itertools
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._mask_checks import as_mask, neighbours, whole_number
from resunet_kit.masks._labelling import label_components
from resunet_kit.masks.components import fill_holes, largest_component, remove_small
from resunet_kit.masks.labels import to_labels

Score = Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]


def hysteresis(
    probabilities: ArrayLike, low: float, high: float, *, connectivity: int | None = None
) -> NDArray[np.uint8]:
    """Threshold at `low`, and keep the components that reach `high` somewhere.

    Args:
        probabilities: `(height, width)` or `(depth, height, width)`, from 0 to 1.
        low: Least probability of the foreground.
        high: Least probability of a component's most probable pixel, `low` at least.
        connectivity: 1 joins pixels across faces only; `None` across corners too.

    Returns:
        The probabilities' shape, `uint8` with 0 and 1.

    Raises:
        TypeError: If the values are not numbers or `connectivity` is no integer.
        ValueError: If the values or a threshold are outside 0..1, `high` is below `low`, or there are other axes.

    Example:
        >>> hysteresis([[0.4, 0.8, 0.1, 0.4]], 0.3, 0.7)
        array([[1, 1, 0, 0]], dtype=uint8)
    """
    array = _image(probabilities)
    if high < low:
        raise ValueError(f"Expected `high` of `low` at least, received low={low!r} and high={high!r}. Swap them.")
    labels, sizes = label_components(to_labels(array[..., None], low) > 0, connectivity)
    keep = np.zeros(sizes.size, np.uint8)
    keep[labels[to_labels(array[..., None], high) > 0]] = 1
    keep[0] = 0
    return keep[labels]


@dataclasses.dataclass(frozen=True, kw_only=True)
class PostProcess:
    """Threshold, with hysteresis if wanted; then fill holes, remove small components, keep the largest ones.

    Args:
        threshold: Least probability of the foreground, from 0 to 1.
        low_threshold: With hysteresis: pixels down to this join a component that reaches `threshold`. None: no
            hysteresis.
        max_hole: Fill holes of up to so many pixels; 0 fills none, None all.
        min_size: Remove components of fewer pixels.
        keep_largest: Keep so many of the largest components; None keeps all.
        connectivity: 1 joins pixels across faces only; None across corners too.

    Raises:
        TypeError: If a number of pixels or components is no integer.
        ValueError: If an option is out of range.

    Example:
        >>> clean = PostProcess(threshold=0.6, min_size=2)
        >>> clean([[0.7, 0.9, 0.0, 0.8], [0.6, 0.1, 0.0, 0.0]])
        array([[1, 1, 0, 0],
               [1, 0, 0, 0]], dtype=uint8)
        >>> PostProcess.from_json(clean.to_json()) == clean
        True
    """

    threshold: float = 0.5
    low_threshold: float | None = None
    max_hole: int | None = 0
    min_size: int = 0
    keep_largest: int | None = None
    connectivity: int | None = None

    def __post_init__(self) -> None:
        for name in ("threshold", "low_threshold"):
            value = getattr(self, name)
            if value is None and name == "low_threshold":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value <= 1:
                raise ValueError(f"Expected `{name}` from 0 to 1, received {value!r}. Pass a probability such as 0.5.")
            object.__setattr__(self, name, float(value))
        if self.low_threshold is not None and self.low_threshold > self.threshold:
            raise ValueError(
                f"Expected `low_threshold` of `threshold` at most, received {self.low_threshold} and {self.threshold}."
            )
        for name, least in (("max_hole", 0), ("min_size", 0), ("keep_largest", 1), ("connectivity", 1)):
            if getattr(self, name) is not None or name == "min_size":
                object.__setattr__(self, name, whole_number(name, getattr(self, name), least=least))

    def __call__(self, probabilities: ArrayLike) -> NDArray[np.uint8]:
        """Return the mask of one image or volume.

        Args:
            probabilities: `(height, width)` or `(depth, height, width)`, from 0 to 1.

        Returns:
            The same shape, `uint8` with 0 and 1.

        Raises:
            TypeError: If the values are not numbers.
            ValueError: If a value is outside 0..1, or there are other axes.
        """
        array = _image(probabilities)
        neighbours(self.connectivity, array.ndim)
        low = self.threshold if self.low_threshold is None else self.low_threshold
        if low < self.threshold:
            mask = hysteresis(array, low, self.threshold, connectivity=self.connectivity)
        else:
            mask = to_labels(array[..., None], self.threshold).astype(np.uint8, copy=False)
        if self.max_hole != 0:
            mask = fill_holes(mask, max_size=self.max_hole)
        if self.min_size > 1:
            mask = remove_small(mask, self.min_size, connectivity=self.connectivity)
        if self.keep_largest is not None:
            mask = largest_component(mask, count=self.keep_largest, connectivity=self.connectivity)
        return mask

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the options as JSON, and write them to `path` if there is one: beside it first, then in its place."""
        text = json.dumps(dataclasses.asdict(self), indent=2)
        if path is not None:
            draft = Path(f"{os.fspath(path)}.draft")
            draft.write_text(text + "\n", encoding="utf-8")
            draft.replace(path)
        return text

    @classmethod
    def from_json(cls, source: str | os.PathLike[str]) -> "PostProcess":
        """Return the object that `to_json` described: of its text, or of a file's path.

        Raises:
            ValueError: If it is not JSON of these options.
        """
        is_text = isinstance(source, str) and source.lstrip().startswith("{")
        text = str(source) if is_text else Path(source).read_text(encoding="utf-8")
        place = "the text" if is_text else repr(os.fspath(source))
        try:
            options = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"Expected JSON of PostProcess in {place}, received: {error}.") from error
        known = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(options, dict) or not set(options) <= set(known):
            raise ValueError(f"Expected the options {known} in {place}, received {text[:200]}.")
        return cls(**options)

    @classmethod
    def tune(
        cls,
        probabilities: Iterable[ArrayLike],
        truths: Iterable[ArrayLike],
        *,
        score: Score | None = None,
        **candidates: Any,
    ) -> "Tuning":
        """Return the options with the highest mean score over validation images, and the score of every choice.

        Every combination is tried, so pass candidates for what is worth it. Tune on patients that neither trained the
        model nor test it.

        Args:
            probabilities: `(height, width)` or `(depth, height, width)` each, from 0 to 1.
            truths: A mask for each.
            score: From truth and prediction to a number, larger is better; None is the Dice score, 1 where both are
                empty.
            **candidates: For each option a value, or a sequence of those to try. None for `threshold` tries
                0.05, 0.1, ..., 0.95.

        Raises:
            TypeError: If an option is unknown.
            ValueError: If there are no images, an image and its truth differ in shape, no combination is valid, or a
                score is not finite.

        Example:
            >>> truth = np.zeros((8, 8), int); truth[2:6, 2:6] = 1
            >>> probability = 0.2 + 0.5 * truth; probability[0, 0] = 0.9
            >>> found = PostProcess.tune([probability], [truth], threshold=[0.1, 0.5, 0.8], min_size=[0, 4])
            >>> found.best.threshold, found.best.min_size, found.score
            (0.5, 4, 1.0)
            >>> [round(value, 2) for options, value in found.curve]
            [0.4, 0.4, 0.97, 1.0, 0.0, 0.0]
        """
        images = [(_image(image), as_mask(truth).astype(np.uint8)) for image, truth in _pairs(probabilities, truths)]
        curve = []
        for options in cls._combinations(candidates):
            values = [float((score or _dice)(truth, options(image))) for image, truth in images]
            if not np.isfinite(values).all():
                raise ValueError(f"Expected finite scores, received {values[:5]} for {options}.")
            curve.append((options, float(np.mean(values))))
        best, value = max(curve, key=lambda choice: choice[1])
        return Tuning(best, value, curve)

    @classmethod
    def _combinations(cls, candidates: dict[str, Any]) -> list["PostProcess"]:
        if candidates.get("threshold") is None:
            candidates = {**candidates, "threshold": np.arange(1, 20) / 20}
        lists = [
            list(values) if isinstance(values, (Sequence, np.ndarray)) else [values] for values in candidates.values()
        ]
        chosen = [dict(zip(candidates, values, strict=True)) for values in itertools.product(*lists)]
        # Of thresholds that are combined freely some are the wrong way round.
        valid = [one for one in chosen if (one.get("low_threshold") or 0) <= one["threshold"]]
        if not valid:
            raise ValueError(f"Expected a combination with `low_threshold` of `threshold` at most in {candidates}.")
        return [cls(**one) for one in valid]


@dataclasses.dataclass(frozen=True)
class Tuning:
    """What `PostProcess.tune` returns.

    Attributes:
        best: The options with the highest score; the first of equal ones.
        score: Their mean score.
        curve: Every combination with its mean score, in the order tried.
    """

    best: PostProcess
    score: float
    curve: list[tuple[PostProcess, float]]


def _image(probabilities: ArrayLike) -> NDArray[Any]:
    array = np.asarray(probabilities)
    if array.ndim not in (2, 3):
        cure = " Drop the channel axis: `array[..., 0]`." if array.ndim > 3 else " Pass one image at a time."
        raise ValueError(
            f"Expected probabilities (height, width) or (depth, height, width), received {array.shape}.{cure}"
        )
    return array


def _pairs(probabilities: Iterable[ArrayLike], truths: Iterable[ArrayLike]) -> list[tuple[ArrayLike, ArrayLike]]:
    images, masks = list(probabilities), list(truths)
    if not images or len(images) != len(masks):
        raise ValueError(f"Expected images and a truth for each, received {len(images)} and {len(masks)}.")
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        if np.shape(image) != np.shape(mask):
            raise ValueError(
                f"Expected a truth of the image's shape, received {np.shape(image)} and {np.shape(mask)} at {number}."
            )
    return list(zip(images, masks, strict=True))


def _dice(truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> float:
    """Return the Dice score, 1 where both are empty."""
    total = int(np.count_nonzero(truth)) + int(np.count_nonzero(prediction))
    return 2 * int(np.count_nonzero(truth & prediction)) / total if total else 1.0
