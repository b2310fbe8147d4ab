"""The cohort on disk: its folder layout, its slices, and every problem with its files."""
