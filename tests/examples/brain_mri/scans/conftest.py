import pytest

from examples.brain_mri.scans.search import find_scans


@pytest.fixture
def mark_bright():
    """Find, read, mark what is brighter than half, and write: what `predict` does, without networks."""

    def run(out, *paths):
        out.mkdir()
        stacks = [stack for scan in find_scans(paths).scans for stack in scan.read(3)]
        for stack in stacks:
            stack.write((stack.images[..., 1] > 0.5).astype("uint8"), out)
        return stacks

    return run
