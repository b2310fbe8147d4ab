"""Inference: the two-stage cascade of a classifier and a segmenter."""

from resunet_kit.inference._cascade_tuning import CascadeTuning
from resunet_kit.inference._detection import Detection
from resunet_kit.inference.cascade import Cascade

__all__ = ["Cascade", "CascadeTuning", "Detection"]
