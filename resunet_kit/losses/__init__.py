"""Segmentation losses that reload, weigh false positives and misses by name, and decide empty masks aloud."""

from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.tversky import Dice, FocalTversky, Tversky, dice, focal_tversky, tversky

__all__ = ["Dice", "FocalTversky", "SegmentationLoss", "Tversky", "dice", "focal_tversky", "tversky"]
