"""Training: recipes around `keras.Model.fit`."""

from resunet_kit.training.processes import shard_for_process
from resunet_kit.training.stages import Stage, StagedHistory, fit_in_stages

__all__ = ["Stage", "StagedHistory", "fit_in_stages", "shard_for_process"]
