"""From probabilities to a clean mask by one object, which can be tuned, saved and loaded."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_mask, neighbours
from resunet_kit._shared.numbers import integer
from resunet_kit.masks._labelling import keep_components, label_components
from resunet_kit.masks._tuning import combinations, dice, paired
from resunet_kit.masks.components import fill_holes
from resunet_kit.masks.labels import to_labels

Score = Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]
Components = tuple[NDArray[np.int32], NDArray[np.int64]]


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
                object.__setattr__(self, name, integer(name, getattr(self, name), f"[{least}, inf)"))

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
        mask = self._threshold_and_fill(_image(probabilities))
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
        pairs = [(_image(image), as_mask(truth).astype(np.uint8)) for image, truth in paired(probabilities, truths)]
        tried = [cls(**one) for one in combinations(candidates)]
        sums = np.zeros(len(tried))
        for image, truth in pairs:
            for place, mask in cls._masks(image, tried):
                mask.flags.writeable = False  # other combinations may start from it
                value = float((score or dice)(truth, mask))
                if not np.isfinite(value):
                    raise ValueError(f"Expected finite scores, received {value} for {tried[place]}.")
                sums[place] += value
        curve = list(zip(tried, (sums / len(pairs)).tolist(), strict=True))
        best, value = max(curve, key=lambda choice: choice[1])
        return Tuning(best, value, curve)

    @classmethod
    def _masks(cls, image: NDArray[Any], tried: list["PostProcess"]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the place and the mask of each, the same steps of several done once."""
        together: dict[PostProcess, list[int]] = {}
        for place, options in enumerate(tried):
            together.setdefault(dataclasses.replace(options, min_size=0, keep_largest=None), []).append(place)
        for first, places in together.items():
            mask = first._threshold_and_fill(image)
            selects = any(tried[place]._selects for place in places)
            components = label_components(mask > 0, first.connectivity) if selects else None
            for place in places:
                yield place, tried[place]._select(mask, components)


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
