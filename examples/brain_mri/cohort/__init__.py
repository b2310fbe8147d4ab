"""The cohort on disk: its folder layout, and every problem of its files."""
