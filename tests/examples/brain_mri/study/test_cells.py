"""What moves when: on small networks with an encoder."""

import numpy as np
import pytest

from examples.brain_mri.batches import Patient
from examples.brain_mri.study.grid import Cell
from examples.brain_mri.study.plan import Plan

PLAN = Plan(steps=4, moments=2, image_size=16, batch_size=2, precision="float32")


def patient(name, seed):
    random = np.random.default_rng(seed)
    masks = np.zeros((3, 16, 16), "uint8")
    masks[1:, 4:12, 4:12] = 1
    images = random.integers(0, 255, (3, 16, 16, 3)).astype("uint8")
    return Patient(name, images, masks, masks.any(axis=(1, 2)))


PATIENTS = [patient("a", 1), patient("b", 2)]
HELD_OUT = [patient("c", 3), patient("d", 4)]


@pytest.fixture
def watched(small_networks, tmp_path):
    """Train a cell, and return its result and the weights of each moment."""
    from examples.brain_mri.study import cells
    from examples.brain_mri.study.folder import StudyFolder
    from examples.brain_mri.study.starts import Starts
    from examples.brain_mri.study.trainer import Networks

    networks = Networks(PLAN, imagenet=True)
    starts = Starts(StudyFolder(tmp_path), PLAN, networks, lambda: None)

    def train(mode, *, start="imagenet", seed=0, stage="segmenter"):
        seen = []
        score = cells.SCORES[stage]

        def watching(model, patients):
            seen.append({weight.path.split("/", 1)[-1]: np.array(weight) for weight in model.weights})
            return score(model, patients)

        cell = Cell(stage, start, mode, 2, seed)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(cells.SCORES, stage, watching)
            return cells.train(cell, PATIENTS, HELD_OUT, networks, starts, lambda: None), seen

    return train


def moved(before, after):
    """Return which weights differ, the last part of their names."""
    return {name.split("/", 1)[-1] for name in before if not np.array_equal(before[name], after[name])}


ENCODER = {"kernel", "bias"}


def test_what_moves_in_each_mode(watched):
    import time
    for mode in ("frozen", "staged", "all_but_norm", "all"):
        t = time.process_time()
        result, (before, middle, after) = watched(mode)
        print(mode, moved(before, middle), moved(middle, after), list(before), time.process_time() - t)
    pytest.fail()
