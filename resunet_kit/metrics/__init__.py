"""Segmentation metrics: streaming overlap scores for `compile`, and NumPy scores of masks and probabilities.

The NumPy scores load no deep-learning framework; the streaming metrics load Keras. Importing any streaming metric, as
in `from resunet_kit.metrics import DiceScore`, registers all of them, so that Keras can load models compiled with them.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from resunet_kit._shared.renamed_names import missing_name
from resunet_kit.metrics._hints import NAMES
from resunet_kit.metrics.calibration import ReliabilityBins, expected_calibration_error, reliability_bins
from resunet_kit.metrics.evaluation import Evaluation, evaluate_masks
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
    from resunet_kit.metrics.confusion import ConfusionMatrix
    from resunet_kit.metrics.rates import Precision, Sensitivity, Specificity
    from resunet_kit.metrics.scores import DiceScore, IoU, per_class
    from resunet_kit.metrics.streaming import OverlapMetric

__all__ = [
    "ConfusionMatrix",
    "DiceScore",
    "Evaluation",
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
    "evaluate_masks",
    "expected_calibration_error",
    "hausdorff_distance",
    "lesion_scores",
    "overlap_scores",
    "per_class",
    "reliability_bins",
    "surface_dice",
    "surface_scores",
]

# Each streaming metric and the module that defines it.
_NEED_KERAS = {
    "ConfusionMatrix": "confusion",
    "DiceScore": "scores",
    "IoU": "scores",
    "OverlapMetric": "streaming",
    "Precision": "rates",
    "Sensitivity": "rates",
    "Specificity": "rates",
    "per_class": "scores",
}

if not TYPE_CHECKING:  # a type checker would accept any name as an attribute of this module

    def __getattr__(name: str) -> Any:
        if name not in _NEED_KERAS:
            raise missing_name(__name__, name, __all__, NAMES)
        _register()
        return getattr(importlib.import_module(f"{__name__}.{_NEED_KERAS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _register() -> None:
    """Import all streaming metrics, so that Keras loads any of them."""
    for module in dict.fromkeys(_NEED_KERAS.values()):
        importlib.import_module(f"{__name__}.{module}")


if "keras" in sys.modules:  # where Keras is loaded already, waiting saves nothing and would only delay registration
    _register()
