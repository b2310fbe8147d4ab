"""Splits by group, and checks of any split for leaks."""
