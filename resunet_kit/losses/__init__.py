"""Segmentation losses with explicit empty-mask rules; they serialise, can be added up and run on every backend."""

from typing import TYPE_CHECKING, Any

from resunet_kit._shared.renamed_names import missing_name
from resunet_kit.losses._other_names import hints_of_losses
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.centerline import CenterlineDice, centerline_dice
from resunet_kit.losses.cross_entropy import CrossEntropy, Focal, cross_entropy, focal
from resunet_kit.losses.dice import Dice, dice
from resunet_kit.losses.distances import Boundary, HausdorffDistance, boundary, hausdorff_distance
from resunet_kit.losses.explanation import Explanation, explain
from resunet_kit.losses.generalized_dice import GeneralizedDice, generalized_dice
from resunet_kit.losses.jaccard import Jaccard, jaccard
from resunet_kit.losses.log_cosh_dice import LogCoshDice, log_cosh_dice
from resunet_kit.losses.lovasz import Lovasz, lovasz
from resunet_kit.losses.matthews import MatthewsCorrelation, matthews_correlation
from resunet_kit.losses.options import option
from resunet_kit.losses.sums import LossSum, weighted
from resunet_kit.losses.tversky import FocalTversky, Tversky, focal_tversky, tversky
from resunet_kit.losses.unified_focal import UnifiedFocal, unified_focal

__all__ = [
    "Boundary",
    "CenterlineDice",
    "CrossEntropy",
    "Dice",
    "Explanation",
    "Focal",
    "FocalTversky",
    "GeneralizedDice",
    "HausdorffDistance",
    "Jaccard",
    "LogCoshDice",
    "LossSum",
    "Lovasz",
    "MatthewsCorrelation",
    "SegmentationLoss",
    "Tversky",
    "UnifiedFocal",
    "boundary",
    "centerline_dice",
    "cross_entropy",
    "dice",
    "explain",
    "focal",
    "focal_tversky",
    "generalized_dice",
    "hausdorff_distance",
    "jaccard",
    "log_cosh_dice",
    "lovasz",
    "matthews_correlation",
    "option",
    "tversky",
    "unified_focal",
    "weighted",
]


if not TYPE_CHECKING:  # for type checkers, every unknown name would be of type Any

    def __getattr__(name: str) -> Any:
        raise missing_name(__name__, name, __all__, hints_of_losses(name, __all__))
