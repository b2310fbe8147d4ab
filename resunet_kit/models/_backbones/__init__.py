"""Backbones: networks by name or as models, and the features of an encoder."""
