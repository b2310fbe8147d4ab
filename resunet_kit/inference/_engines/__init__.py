"""Engines that run a Keras model's inference, and the search for the fastest one, which is remembered."""
