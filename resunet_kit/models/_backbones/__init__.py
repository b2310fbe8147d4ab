"""Backbones, by name or as models, and the feature pyramids of encoders."""
