"""Inference: the fastest engine for a model, the cascade of a classifier and a segmenter, and files of other engines."""

from resunet_kit.inference._detection import Detection
from resunet_kit.inference._engines.candidates import Candidate
from resunet_kit.inference.acceleration import AcceleratedModel, accelerate
from resunet_kit.inference.cascade import Cascade
from resunet_kit.inference.export import ExportReport, export

__all__ = ["AcceleratedModel", "Candidate", "Cascade", "Detection", "ExportReport", "accelerate", "export"]
