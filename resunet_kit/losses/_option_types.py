"""The options of the loss functions, for type checkers and editors: those of the classes of the same name."""

from collections.abc import Sequence
from typing import Any, Literal, TypedDict


class Options(TypedDict, total=False):
    """Of `SegmentationLoss`, without `reduction`: a function returns the loss of each image."""

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
    """Of `Jaccard`, `GeneralizedDice` and `MatthewsCorrelation`."""

    smooth: float
    soft_labels: bool


class TverskyOptions(SmoothedOptions, total=False):
    """Of `Tversky`."""

    fp_weight: float
    fn_weight: float


class FocalTverskyOptions(TverskyOptions, total=False):
    """Of `FocalTversky`."""

    exponent: float


class DiceOptions(SmoothedOptions, total=False):
    """Of `Dice` and `LogCoshDice`."""

    squared: bool


class CenterlineDiceOptions(SmoothedOptions, total=False):
    """Of `CenterlineDice`."""

    iterations: int


class CrossEntropyOptions(Options, total=False):
    """Of `CrossEntropy`."""

    label_smoothing: float


class FocalOptions(CrossEntropyOptions, total=False):
    """Of `Focal`."""

    gamma: float
    alpha: float | None
    soft_labels: bool


class UnifiedFocalOptions(Options, total=False):
    """Of `UnifiedFocal`."""

    cross_entropy_weight: float
    delta: float
    gamma: float
    form: Literal["asymmetric", "symmetric"]
    smooth: float


class DistanceOptions(Options, total=False):
    """Of `Boundary`."""

    spacing: float | Sequence[float] | None
    distance_maps: bool | None


class HausdorffDistanceOptions(DistanceOptions, total=False):
    """Of `HausdorffDistance`."""

    exponent: float
