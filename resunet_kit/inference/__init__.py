"""Inference: prediction of large images by windows, and the two-stage cascade of a classifier and a segmenter."""

from resunet_kit.inference._detection import Detection
from resunet_kit.inference.cascade import Cascade
from resunet_kit.inference.receptive_field import ReceptiveField, receptive_field
from resunet_kit.inference.tiling import predict_tiled

__all__ = ["Cascade", "Detection", "ReceptiveField", "predict_tiled", "receptive_field"]
