"""Training: recipes around `keras.Model.fit`."""

from resunet_kit.training.depthwise import keep_depthwise_in_float32
from resunet_kit.training.fused_norm import fuse_normalization, fusion_report
from resunet_kit.training.machine import Tuning, tune_for_machine
from resunet_kit.training.optimizers import adamw_with_warm_up
from resunet_kit.training.processes import shard_for_process
from resunet_kit.training.recipe import FitResult, fit_folder
from resunet_kit.training.run_folder import Run, RunSettings, load_run
from resunet_kit.training.stages import Stage, StagedHistory, fit_in_stages

__all__ = [
    "FitResult",
    "Run",
    "RunSettings",
    "Stage",
    "StagedHistory",
    "Tuning",
    "adamw_with_warm_up",
    "fit_folder",
    "fit_in_stages",
    "fuse_normalization",
    "fusion_report",
    "keep_depthwise_in_float32",
    "load_run",
    "shard_for_process",
    "tune_for_machine",
]
