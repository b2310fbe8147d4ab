"""Worked examples: they use the public names of `resunet_kit` alone."""
