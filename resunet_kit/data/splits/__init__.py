"""Splits that keep groups whole, and the search for leaks between parts."""
