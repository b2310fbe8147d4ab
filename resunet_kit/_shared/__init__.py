"""Private modules that several subpackages build on."""
