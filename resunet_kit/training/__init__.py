"""Training: recipes around `keras.Model.fit`."""

from resunet_kit.training.stages import Stage, StagedHistory, fit_in_stages

__all__ = ["Stage", "StagedHistory", "fit_in_stages"]
