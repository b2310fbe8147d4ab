"""Training: recipes around `keras.Model.fit`, and its speed."""

from resunet_kit.training.fused_norm import fuse_normalization, fusion_report
from resunet_kit.training.machine import Tuning, tune_for_machine
from resunet_kit.training.stages import Stage, StagedHistory, fit_in_stages

__all__ = [
    "Stage",
    "StagedHistory",
    "Tuning",
    "fit_in_stages",
    "fuse_normalization",
    "fusion_report",
    "tune_for_machine",
]
