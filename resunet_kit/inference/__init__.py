"""Inference: the two-stage cascade of a classifier and a segmenter, and masks of whole folders."""

from resunet_kit.inference._detection import Detection
from resunet_kit.inference.cascade import Cascade
from resunet_kit.inference.folder import FolderPredictions, predict_folder

__all__ = ["Cascade", "Detection", "FolderPredictions", "predict_folder"]
