"""Evaluation of mask files, or of a model on image files, in one call.

Arrays alone are scored by `resunet_kit.metrics.evaluate_masks` too. Keras is imported where a model predicts, or a
progress bar is shown.
"""

from resunet_kit.evaluation.evaluation import evaluate

__all__ = ["evaluate"]
