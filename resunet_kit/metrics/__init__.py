"""Metrics of segmentation: streaming overlap scores for `compile`, and scores on masks in NumPy."""

from resunet_kit.metrics.calibration import ReliabilityBins, expected_calibration_error, reliability_bins
from resunet_kit.metrics.lesions import LesionScores, lesion_scores
from resunet_kit.metrics.patients import Interval, bootstrap_interval, by_group
from resunet_kit.metrics.scores import DiceScore, IoU, Precision, Sensitivity, Specificity
from resunet_kit.metrics.streaming import OverlapMetric, per_class
from resunet_kit.metrics.surfaces import (
    SurfaceScores,
    average_surface_distance,
    hausdorff_distance,
    surface_dice,
    surface_scores,
)

__all__ = [
    "DiceScore",
    "Interval",
    "IoU",
    "LesionScores",
    "OverlapMetric",
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
    "per_class",
    "reliability_bins",
    "surface_dice",
    "surface_scores",
]
