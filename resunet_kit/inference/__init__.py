"""Inference: the two-stage cascade of a classifier and a segmenter, and models as files of other engines."""

from resunet_kit.inference._detection import Detection
from resunet_kit.inference.cascade import Cascade
from resunet_kit.inference.export import ExportReport, export

__all__ = ["Cascade", "Detection", "ExportReport", "export"]
