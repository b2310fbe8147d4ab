"""Model builders: functions that return a plain `keras.Model` of stock layers, which reloads without this package."""

from resunet_kit.models.classifier import resnet_classifier
from resunet_kit.models.deep_res_unet import deep_res_unet
from resunet_kit.models.deep_supervision import strip_deep_supervision
from resunet_kit.models.healthcare_ai import healthcare_ai_classifier, healthcare_ai_res_unet
from resunet_kit.models.res_unet import res_unet
from resunet_kit.models.res_unet_a import res_unet_a
from resunet_kit.models.res_unet_plus_plus import res_unet_plus_plus
from resunet_kit.models.resnet import resnet
from resunet_kit.models.transfer import set_trainable, trainable_summary

__all__ = [
    "deep_res_unet",
    "healthcare_ai_classifier",
    "healthcare_ai_res_unet",
    "res_unet",
    "res_unet_a",
    "res_unet_plus_plus",
    "resnet",
    "resnet_classifier",
    "set_trainable",
    "strip_deep_supervision",
    "trainable_summary",
]
