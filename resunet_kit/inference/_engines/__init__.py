"""Engines that run a Keras model's inference, and how the fastest one is found and remembered."""
