"""Inference: from a trained model, or two, to decisions about images."""

from resunet_kit.inference.cascade import Cascade, Detection

__all__ = ["Cascade", "Detection"]
