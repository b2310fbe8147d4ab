"""What moves when, on small networks with an encoder."""

import numpy as np
import pytest

from examples.brain_mri.batches import Patient
from examples.brain_mri.study.grid import Cell
from examples.brain_mri.study.plan import Plan

PLAN = Plan(steps=2, moments=2, image_size=16, batch_size=2, precision="float32")
# The positions of the small network's weights.
ENCODER, NORM, HEAD = {0, 1}, {2, 3, 4, 5}, {6, 7}


def patient(name, seed):
    random = np.random.default_rng(seed)
    masks = np.zeros((3, 16, 16), "uint8")
    masks[1:, 4:12, 4:12] = 1
    images = random.integers(0, 255, (3, 16, 16, 3)).astype("uint8")
    return Patient(name, images, masks, masks.any(axis=(1, 2)))


PATIENTS = [patient("a", 1), patient("b", 2)]


@pytest.fixture
def watched(small_networks, tmp_path):
    """Train a cell, and return its result and the weights of each moment."""
    from examples.brain_mri.study import cells
    from examples.brain_mri.study.folder import StudyFolder
    from examples.brain_mri.study.starts import Starts
    from examples.brain_mri.study.trainer import Networks

    networks = Networks(PLAN, imagenet=True)
    starts = Starts(StudyFolder(tmp_path), PLAN, networks, lambda: None)

    def train(mode, seed=0):
        seen = []

        def watching(model, patients):
            seen.append(model.get_weights())
            return 0.5, {}

        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(cells.SCORES, "segmenter", watching)
            cell = Cell("segmenter", "imagenet", mode, 2, seed)
            return cells.train(cell, PATIENTS, [], networks, starts, lambda: None), seen

    return train


def moved(before, after):
    return {i for i, (a, b) in enumerate(zip(before, after, strict=True)) if not np.array_equal(a, b)}


@pytest.mark.slow
def test_frozen_layers_stay_and_staged_ones_move_later(watched):
    result, (before, middle, after) = watched("frozen")
    first = after
    assert moved(before, middle) == moved(middle, after) == HEAD
    assert [moment["steps"] for moment in result["moments"]] == [0, 1, 2]
    seconds = [moment["seconds"] for moment in result["moments"]]
    assert seconds[0] == 0
    assert seconds == sorted(set(seconds))
    assert result["training"] == ["a", "b"]

    _, (before, middle, after) = watched("staged")
    assert moved(before, middle) == HEAD
    assert moved(middle, after) == ENCODER | NORM | HEAD

    _, (before, _, after) = watched("all_but_norm")
    assert moved(before, after) == ENCODER | HEAD

    # The networks are used again, and a training does not depend on those before it; another seed is another one.
    _, (_, _, again) = watched("frozen")
    assert not moved(first, again)
    _, (_, _, other) = watched("frozen", seed=1)
    assert moved(first, other) == HEAD


def test_phases():
    from examples.brain_mri.study.cells import phases

    assert phases("staged", 8) == [("head", range(3)), ("all", range(3, 8))]
    assert phases("staged", 2) == [("head", range(1)), ("all", range(1, 2))]
    assert phases("frozen", 4) == [("head", range(4))]


class Half:
    """A segmenter that marks the left half, and a classifier whose logit is the mean brightness."""

    def predict(self, images, **_):
        marked = np.full((*images.shape[:3], 1), -1, "float32")
        marked[:, :, :8] = 1
        return marked


class Brightness:
    def predict(self, images, **_):
        return images.mean(axis=(1, 2, 3))[:, None]


def test_scores():
    from examples.brain_mri.study.cells import slice_auc, volume_dice

    one, other = patient("c", 3), patient("d", 4)
    other.masks[:] = 0
    # Of c, 2 * 2 * 32 of the 2 * 64 pixels with tumour and the 3 * 128 marked ones; d has none.
    score, by_patient = volume_dice(Half(), [one, other])
    assert by_patient == {"c": pytest.approx(2 * 64 / (128 + 384)), "d": 0}
    assert score == pytest.approx(0.125)
    images = np.stack([np.full((16, 16, 3), level, "uint8") for level in (10, 20, 30)])
    bright = Patient("e", images, one.masks, np.array([False, True, True]))
    dark = Patient("f", images, one.masks, np.array([True, False, False]))
    assert slice_auc(Brightness(), [bright]) == (1, {})
    assert slice_auc(Brightness(), [dark]) == (0, {})
    assert slice_auc(Brightness(), [bright, dark])[0] == pytest.approx(0.5)
