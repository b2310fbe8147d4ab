"""Inference: the two-stage cascade of a classifier and a segmenter."""

from resunet_kit.inference.cascade import Cascade, Detection

__all__ = ["Cascade", "Detection"]
