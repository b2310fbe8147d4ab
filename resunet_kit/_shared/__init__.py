"""Modules that several subpackages stand on; none of them is public."""
