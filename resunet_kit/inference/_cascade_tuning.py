"""Choice of a cascade's threshold and post-processing on validation images, with a report."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from resunet_kit._shared.errors import unknown_name
from resunet_kit._shared.groups import sample_values
from resunet_kit._shared.mask_checks import neighbours
from resunet_kit.inference._gate_sweep import Outcomes, choose, exact, rates, sweep, thresholds
from resunet_kit.inference._marking import mark_each
from resunet_kit.inference._pair_source import Truth
from resunet_kit.inference._tuning_score import TuningScore
from resunet_kit.masks import PostProcess
from resunet_kit.masks._tuning import combinations


class ThresholdScore(NamedTuple):
    """A row of `CascadeTuning.thresholds`.

    Attributes:
        threshold: Minimum probability for an image to be passed to the segmenter.
        sensitivity: Fraction of the images with a finding that pass.
        specificity: Fraction of the images without a finding that do not pass.
        score: Score of the cascade, with the chosen post-processing.
    """

    threshold: float
    sensitivity: float
    specificity: float
    score: float


class PostProcessScore(NamedTuple):
    """A row of `CascadeTuning.postprocesses`.

    Attributes:
        postprocess: The post-processing.
        score: Score of the cascade, with the chosen threshold.
        segmenter_score: Score of the segmenter alone.
    """

    postprocess: PostProcess
    score: float
    segmenter_score: float


@dataclass(frozen=True)
class CascadeTuning:
    """Result of `Cascade.tune`: what it chose, and how that scores on the validation images.

    Attributes:
        threshold: The chosen threshold of the classifier.
        postprocess: The chosen post-processing of the segmenter.
        score: Score of the cascade.
        segmenter_score: Score of the segmenter alone, with the candidate for post-processing that suits it best.
        sensitivity: Fraction of the images with a finding that the classifier lets pass.
        specificity: Fraction of the images without a finding that it stops.
        images: Number of validation images.
        thresholds: One row for each candidate, from the largest to 0.
        postprocesses: One row for each candidate, the cascade's former post-processing first.
    """

    threshold: float
    postprocess: PostProcess
    score: float
    segmenter_score: float
    sensitivity: float
    specificity: float
    images: int
    thresholds: list[ThresholdScore] = field(repr=False)
    postprocesses: list[PostProcessScore] = field(repr=False)


def candidates_for(postprocess: Any, current: PostProcess, classes: int) -> list[PostProcess]:
    """Return the candidates for post-processing, the current one first.

    Args:
        postprocess: As in `Cascade.tune`.
        current: The cascade's current post-processing.
        classes: Number of the segmenter's classes; with more than two, the threshold is not used.

    Raises:
        TypeError: If it holds anything but PostProcess, or an option is of a wrong type.
        ValueError: If an option is out of range, or unknown.
    """
    if postprocess is None:
        postprocess = {} if classes <= 2 else []
    if isinstance(postprocess, Mapping):
        postprocess = _combined(postprocess, current)
    listed = [postprocess] if isinstance(postprocess, PostProcess) else postprocess
    if isinstance(listed, str) or not isinstance(listed, Iterable):
        raise _wrong_candidates(listed)
    found = [current, *listed]
    for one in found:
        if not isinstance(one, PostProcess):
            raise _wrong_candidates(one)
        neighbours(one.connectivity, 2)
    return list(dict.fromkeys(found))


def _combined(options: Mapping[str, Any], current: PostProcess) -> list[PostProcess]:
    known = dataclasses.asdict(current)
    for name in options:
        if name not in known:
            raise unknown_name("an option of postprocess", name, known)
    return [PostProcess(**one) for one in combinations({**known, "threshold": None, **options})]


def _wrong_candidates(received: Any) -> TypeError:
    return TypeError(
        "Expected postprocess to be a list of PostProcess, or options with the values to try. Received "
        f"{received!r}. Pass {{'threshold': [0.3, 0.5], 'min_size': [0, 20]}}."
    )


class Row(NamedTuple):
    """Contribution of one image, without its map and its masks."""

    probability: float
    positive: bool
    passed: np.ndarray  # (candidates, columns of the score)
    stopped: np.ndarray  # (columns,)


class Collector:
    """Builder of the rows for images that arrive one by one.

    Args:
        candidates: Candidates for post-processing.
        score: The score to maximise.
    """

    def __init__(self, candidates: list[PostProcess], score: TuningScore) -> None:
        self.candidates = candidates
        self.score = score
        self.truths: dict[int, Truth] = {}  # of images whose map has not arrived yet

    def images(self, pairs: Iterable[tuple[np.ndarray, Truth]]) -> Iterator[np.ndarray]:
        """Yield the images, and keep their truths until their maps arrive."""
        for index, (image, truth) in enumerate(pairs):
            self.truths[index] = truth
            yield image

    def row(self, index: int, probability: float, size: tuple[int, ...], output: np.ndarray | None) -> Row:
        """Return the row of an image with its map `(height, width, classes)`; None stands for an empty mask."""
        truth = self.truths.pop(index)
        stopped = self.score.row(truth, np.zeros(size, "uint8"))
        passed = [stopped] * len(self.candidates)
        if output is not None:
            for candidate, mask in mark_each(output, self.candidates):
                passed[candidate] = self.score.row(truth, mask)
        return Row(probability, bool(truth.labels.any()), np.stack(passed), stopped)


def outcomes(rows: list[Row], groups: np.ndarray | None) -> Outcomes:
    """Return the rows of all images as arrays.

    Raises:
        ValueError: If there are no images with a finding or no images without, or not one group for each image.
    """
    positive = np.array([row.positive for row in rows], bool)
    if positive.all() or not positive.any():
        kinds = f"{len(rows)} {'with' if positive.any() else 'without'}" if rows else "none"
        raise ValueError(
            "Expected validation images with a finding and others without, which the classifier is to tell apart. "
            f"Received {kinds}. Add images of the other kind; for the segmenter alone there is PostProcess.tune."
        )
    owner = np.arange(len(rows))
    if groups is not None:
        owner = np.unique(sample_values("groups", groups, length=len(rows)), return_inverse=True)[1]
    return Outcomes(
        np.array([row.probability for row in rows], "float32"),
        positive,
        np.stack([row.passed for row in rows]),
        np.stack([row.stopped for row in rows]),
        owner,
    )


def tuned(found: Outcomes, candidates: list[PostProcess], score: TuningScore, wanted: float | None) -> CascadeTuning:
    """Return the choice and its report.

    Args:
        found: Outcomes of all images, with the segmenter run on each.
        candidates: Candidates for post-processing, in the order of `found.passed`.
        score: The score to maximise.
        wanted: The required sensitivity; None for the highest score.
    """
    at = thresholds(found.probability)
    scores = sweep(found, score, at)
    sensitivity, specificity = rates(found, at)
    row, column = choose(scores, sensitivity, wanted)
    if wanted is None and sensitivity[row] == 1 and specificity[row] == 0:
        row = len(at) - 1  # a threshold that stops no image here should stop none elsewhere
    alone = [exact(found, score, at[-1], candidate) for candidate in range(len(candidates))]
    if exact(found, score, at[row], column) < max(alone):  # by rounding in the sweep
        row, column = len(at) - 1, int(np.argmax(alone))
    listed = zip(at, sensitivity, specificity, scores[:, column], strict=True)
    return CascadeTuning(
        threshold=float(at[row]),
        postprocess=candidates[column],
        score=exact(found, score, at[row], column),
        segmenter_score=max(alone),
        sensitivity=float(sensitivity[row]),
        specificity=float(specificity[row]),
        images=len(found.probability),
        thresholds=[ThresholdScore(*map(float, values)) for values in listed],
        postprocesses=[
            PostProcessScore(one, exact(found, score, at[row], index), alone[index])
            for index, one in enumerate(candidates)
        ],
    )
