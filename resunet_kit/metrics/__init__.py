"""Metrics of segmentation: streaming overlap scores for `compile`, with the empty rule stated."""

from resunet_kit.metrics.overlap import OverlapMetric
from resunet_kit.metrics.scores import DiceScore, IoU, Precision, Sensitivity, Specificity

__all__ = ["DiceScore", "IoU", "OverlapMetric", "Precision", "Sensitivity", "Specificity"]
