"""Builders: functions that return a plain `keras.Model` of stock layers, which reloads without this package."""

from resunet_kit.models.classifier import resnet_classifier
from resunet_kit.models.healthcare_ai import healthcare_ai_classifier, healthcare_ai_res_unet
from resunet_kit.models.res_unet import res_unet
from resunet_kit.models.resnet import resnet
from resunet_kit.models.transfer import set_trainable

__all__ = [
    "healthcare_ai_classifier",
    "healthcare_ai_res_unet",
    "res_unet",
    "resnet",
    "resnet_classifier",
    "set_trainable",
]
