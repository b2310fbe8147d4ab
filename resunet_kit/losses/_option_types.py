"""Types of the loss functions' options, for type checkers and editors: the same as those of their classes."""

from collections.abc import Sequence
from typing import Any, Literal, TypedDict


class Options(TypedDict, total=False):
    """Options of `SegmentationLoss` without `reduction`, since a function returns the loss of each image."""

    from_logits: bool
    multilabel: bool
    reduce: Literal["image", "batch"]
    class_weights: Sequence[float] | None
    include_background: bool
    ignore_class: int | None
    empty: Literal["score", "skip"]
    dtype: Any
    name: str


class SmoothedOptions(Options, total=False):
    """Options of `Jaccard`, `GeneralizedDice` and `MatthewsCorrelation`."""

    smooth: float
    soft_labels: bool


class TverskyOptions(SmoothedOptions, total=False):
    """Options of `Tversky`."""

    fp_weight: float
    fn_weight: float


class FocalTverskyOptions(TverskyOptions, total=False):
    """Options of `FocalTversky`."""

    exponent: float


class DiceOptions(SmoothedOptions, total=False):
    """Options of `Dice` and `LogCoshDice`."""

    squared: bool


class CenterlineDiceOptions(SmoothedOptions, total=False):
    """Options of `CenterlineDice`."""

    iterations: int


class CrossEntropyOptions(Options, total=False):
    """Options of `CrossEntropy`."""

    label_smoothing: float


class FocalOptions(CrossEntropyOptions, total=False):
    """Options of `Focal`."""

    gamma: float
    alpha: float | None
    soft_labels: bool


class UnifiedFocalOptions(Options, total=False):
    """Options of `UnifiedFocal`."""

    cross_entropy_weight: float
    delta: float
    gamma: float
    form: Literal["asymmetric", "symmetric"]
    smooth: float


class DistanceOptions(Options, total=False):
    """Options of `Boundary`."""

    spacing: float | Sequence[float] | None
    distance_maps: bool | None


class HausdorffDistanceOptions(DistanceOptions, total=False):
    """Options of `HausdorffDistance`."""

    exponent: float
