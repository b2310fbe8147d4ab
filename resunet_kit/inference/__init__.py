"""Inference: the fastest engine for a model, and the two-stage cascade of a classifier and a segmenter."""

from resunet_kit.inference._detection import Detection
from resunet_kit.inference._engines.candidates import Candidate
from resunet_kit.inference.acceleration import AcceleratedModel, accelerate
from resunet_kit.inference.cascade import Cascade

__all__ = ["AcceleratedModel", "Candidate", "Cascade", "Detection", "accelerate"]
