import pytest

from examples.brain_mri.scans.search import find_scans
from tests.examples.brain_mri.stand_in_pipeline import bright


@pytest.fixture
def mark_bright():
    """Find, read, mark what is brighter than half, and write: what `predict` does, without networks."""

    def run(out, *paths):
        out.mkdir()
        stacks = [stack for scan in find_scans(paths).scans for stack in scan.read()]
        for stack in stacks:
            stack.write(bright(stack.images), out)
        return stacks

    return run
