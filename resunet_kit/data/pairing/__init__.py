"""Which file belongs to which, by name."""
