"""Segmentation metrics: streaming overlap scores for `compile`, and NumPy scores of masks and probabilities.

The NumPy scores load no deep-learning framework. The streaming metrics load Keras, and Keras loads a model compiled
with them once they are registered: `from resunet_kit.metrics import DiceScore`, or any other, registers all of them.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from resunet_kit.metrics.calibration import ReliabilityBins, expected_calibration_error, reliability_bins
from resunet_kit.metrics.lesions import LesionScores, lesion_scores
from resunet_kit.metrics.overlap import OverlapScores, overlap_scores
from resunet_kit.metrics.patients import Interval, bootstrap_interval, by_group
from resunet_kit.metrics.surfaces import (
    SurfaceScores,
    average_surface_distance,
    hausdorff_distance,
    surface_dice,
    surface_scores,
)

if TYPE_CHECKING:
    from resunet_kit.metrics.scores import DiceScore, IoU, Precision, Sensitivity, Specificity, per_class
    from resunet_kit.metrics.streaming import OverlapMetric

__all__ = [
    "DiceScore",
    "Interval",
    "IoU",
    "LesionScores",
    "OverlapMetric",
    "OverlapScores",
    "Precision",
    "ReliabilityBins",
    "Sensitivity",
    "Specificity",
    "SurfaceScores",
    "average_surface_distance",
    "bootstrap_interval",
    "by_group",
    "expected_calibration_error",
    "hausdorff_distance",
    "lesion_scores",
    "overlap_scores",
    "per_class",
    "reliability_bins",
    "surface_dice",
    "surface_scores",
]

_NEED_KERAS = ("DiceScore", "IoU", "OverlapMetric", "Precision", "Sensitivity", "Specificity", "per_class")


def __getattr__(name: str) -> Any:
    if name in _NEED_KERAS:
        return getattr(importlib.import_module(f"{__name__}.scores"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "keras" in sys.modules:  # where Keras is loaded already, waiting saves nothing and would only delay registration
    importlib.import_module(f"{__name__}.scores")
