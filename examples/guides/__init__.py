"""Scripts that make the figures of the guides: `python -m examples.guides NAME` shows one of them."""
