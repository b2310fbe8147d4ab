"""Inference: the fastest engine, tiling of large images, uncertainty, the two-stage cascade, and export."""

from resunet_kit.inference._cascade_tuning import CascadeTuning
from resunet_kit.inference._detection import Detection
from resunet_kit.inference._engines.candidates import Candidate
from resunet_kit.inference.acceleration import AcceleratedModel, accelerate
from resunet_kit.inference.augmented import predict_tta
from resunet_kit.inference.augmented_model import augmented_model
from resunet_kit.inference.cascade import Cascade
from resunet_kit.inference.ensemble import ensemble, predict_ensemble
from resunet_kit.inference.explaining import grad_cam
from resunet_kit.inference.export import ExportReport, export
from resunet_kit.inference.folder import FolderPredictions, predict_folder
from resunet_kit.inference.monte_carlo import predict_mc_dropout
from resunet_kit.inference.occlusion import occlusion
from resunet_kit.inference.receptive_field import ReceptiveField, receptive_field
from resunet_kit.inference.tiling import predict_tiled
from resunet_kit.inference.uncertainty import Uncertainty

__all__ = [
    "AcceleratedModel",
    "Candidate",
    "Cascade",
    "CascadeTuning",
    "Detection",
    "ExportReport",
    "FolderPredictions",
    "ReceptiveField",
    "Uncertainty",
    "accelerate",
    "augmented_model",
    "ensemble",
    "export",
    "grad_cam",
    "occlusion",
    "predict_ensemble",
    "predict_folder",
    "predict_mc_dropout",
    "predict_tiled",
    "predict_tta",
    "receptive_field",
]
