"""Post-processing of probabilities to a clean mask, as one object that can be tuned, saved and loaded."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_mask, neighbours
from resunet_kit._shared.mask_counts import count_pixels, dice_of_counts
from resunet_kit._shared.numbers import integer, number
from resunet_kit._shared.writing import atomic_write
from resunet_kit.masks._labelling import keep_components, label_components
from resunet_kit.masks._tuning import combinations, paired
from resunet_kit.masks.components import fill_holes, hysteresis
from resunet_kit.masks.labels import probability_map, to_labels

Score = Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]
Components = tuple[NDArray[np.int32], NDArray[np.int64]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class PostProcess:
    """Threshold, optionally with hysteresis; then fill holes, remove small components and keep the largest ones.

    Args:
        threshold: Minimum probability of the foreground, from 0 to 1.
        low_threshold: Hysteresis: pixels of at least this probability belong to the mask if their component contains
            one of at least `threshold`. None: no hysteresis.
        max_hole: Fill holes of up to this many pixels; 0 fills none, None all.
        min_size: Remove components of fewer pixels.
        keep_largest: Keep this many of the largest components; None keeps all.
        connectivity: 1 joins pixels across faces only; None across corners too.

    Raises:
        TypeError: If an option is not a number, or a number of pixels or components is not an integer.
        ValueError: If an option is out of range, or `low_threshold` is above `threshold`.

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
            self._check(name, number, "[0, 1]")
        for name in ("max_hole", "min_size"):
            self._check(name, integer, "[0, inf)")
        for name in ("keep_largest", "connectivity"):
            self._check(name, integer, "[1, inf)")
        if self.low_threshold is not None and self.low_threshold > self.threshold:
            raise ValueError(
                f"Expected low_threshold to be at most threshold. Received low_threshold={self.low_threshold} and "
                f"threshold={self.threshold}. Swap them."
            )

    def _check(self, name: str, check: Callable[..., float], interval: str) -> None:
        value = getattr(self, name)
        if value is not None or name in ("threshold", "min_size"):
            object.__setattr__(self, name, check(name, value, interval))

    def __call__(self, probabilities: ArrayLike) -> NDArray[np.uint8]:
        """Return the mask of one image or volume.

        Args:
            probabilities: `(height, width)` or `(depth, height, width)`, from 0 to 1.

        Returns:
            The same shape, `uint8` with 0 and 1.

        Raises:
            TypeError: If the values are not numbers.
            ValueError: If a value is outside 0..1, or the array is not 2-D or 3-D.
        """
        mask = self._threshold_and_fill(probability_map(probabilities))
        return self._select(mask, label_components(mask > 0, self.connectivity) if self._selects else None)

    def _threshold_and_fill(self, array: NDArray[Any]) -> NDArray[np.uint8]:
        neighbours(self.connectivity, array.ndim)
        if self.low_threshold is not None and self.low_threshold < self.threshold:
            mask = hysteresis(array, self.low_threshold, self.threshold, connectivity=self.connectivity)
        else:
            mask = to_labels(array[..., None], self.threshold).astype(np.uint8, copy=False)
        return mask if self.max_hole == 0 else fill_holes(mask, max_size=self.max_hole)

    @property
    def _selects(self) -> bool:
        return self.min_size > 1 or self.keep_largest is not None

    def _select(self, mask: NDArray[np.uint8], components: Components | None) -> NDArray[np.uint8]:
        if components is None or not self._selects:
            return mask
        return keep_components(*components, min_size=self.min_size, count=self.keep_largest)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the options as JSON; if `path` is given, also write them to it, whole or not at all."""
        text = json.dumps(dataclasses.asdict(self), indent=2)
        if path is not None:
            with atomic_write(path) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
        return text

    @classmethod
    def from_json(cls, source: str | os.PathLike[str]) -> PostProcess:
        """Create the object from the text that `to_json` returned, or from the path of its file.

        Raises:
            TypeError: If an option is of a wrong type.
            ValueError: If it is not JSON of these options.
        """
        is_text = isinstance(source, str) and source.lstrip().startswith("{")
        text = str(source) if is_text else Path(source).read_text(encoding="utf-8")
        origin = "the text" if is_text else repr(os.fspath(source))
        known = [field.name for field in dataclasses.fields(cls)]
        expected = f"Expected JSON with the options {known} in {origin}."
        try:
            options = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"{expected} Received no JSON: {error}. Write it with PostProcess.to_json.") from error
        if not isinstance(options, dict) or not set(options) <= set(known):
            raise ValueError(f"{expected} Received {text[:200]}. Write it with PostProcess.to_json.")
        return cls(**options)

    @classmethod
    def tune(
        cls,
        probabilities: Iterable[ArrayLike],
        truths: Iterable[ArrayLike],
        *,
        score: Score | None = None,
        **candidates: Any,
    ) -> Tuning:
        """Return the options with the highest mean score over validation images, and the score of every combination.

        Every combination is tried, so keep the candidates few. Tune on patients that are neither in the training set
        nor in the test set.

        Args:
            probabilities: `(height, width)` or `(depth, height, width)` each, from 0 to 1.
            truths: One mask per image.
            score: A function of truth and prediction, where higher is better; None means the Dice score, 1 where both
                are empty.
            **candidates: For each option, a value or a sequence of values to try. None for `threshold` tries 0.05, 0.1,
                ..., 0.95.

        Raises:
            TypeError: If an option is unknown or of a wrong type.
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
        pairs = [
            (probability_map(image), as_mask(truth).astype(np.uint8)) for image, truth in paired(probabilities, truths)
        ]
        options = [cls(**one) for one in combinations(candidates)]
        sums = np.zeros(len(options))
        for image, truth in pairs:
            for index, mask in cls._masks(image, options):
                mask.flags.writeable = False  # other combinations may start from it
                value = float((score or _dice)(truth, mask))
                if not np.isfinite(value):
                    raise ValueError(
                        f"Expected score to return finite numbers. Received {value} for {options[index]}. "
                        "Return a number for empty masks too."
                    )
                sums[index] += value
        curve = list(zip(options, (sums / len(pairs)).tolist(), strict=True))
        best, value = max(curve, key=lambda choice: choice[1])
        return Tuning(best, value, curve)

    @classmethod
    def _masks(cls, image: NDArray[Any], options: list[PostProcess]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the index and the mask of each set of options; steps that several have in common run once."""
        groups: dict[PostProcess, list[int]] = {}
        for index, one in enumerate(options):
            groups.setdefault(dataclasses.replace(one, min_size=0, keep_largest=None), []).append(index)
        for common, indices in groups.items():
            mask = common._threshold_and_fill(image)
            selects = any(options[index]._selects for index in indices)
            components = label_components(mask > 0, common.connectivity) if selects else None
            for index in indices:
                yield index, options[index]._select(mask, components)


@dataclasses.dataclass(frozen=True)
class Tuning:
    """Result of `PostProcess.tune`.

    Attributes:
        best: The options with the highest score; the first among equals.
        score: Their mean score.
        curve: Every combination with its mean score, in the order tried.
    """

    best: PostProcess
    score: float
    curve: list[tuple[PostProcess, float]]


def _dice(truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> float:
    return dice_of_counts(count_pixels(truth > 0, prediction > 0))
