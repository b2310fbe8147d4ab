import numpy as np
import pytest

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.pipeline import Pipeline
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.volumes import Marked, Volume, look_at


@pytest.mark.parametrize("shape", [(1, 3, 5), (4, 40, 40), (2, 7, 1)])
def test_a_kept_mask_is_the_cascades(shape):
    mask = np.random.default_rng(0).integers(0, 2, shape, dtype=np.uint8)
    kept = Marked.of(
        Volume("p", [], mask, np.zeros(shape[0]), np.ones(shape[0], bool), np.zeros(shape, np.uint8), mask)
    )
    np.testing.assert_array_equal(kept.mask(), mask)


def test_a_kept_mask_is_small():
    mask = np.zeros((36, 256, 256), np.uint8)
    mask[10:20, 100:150, 80:140] = 1
    assert len(Marked.of(Volume("p", [], mask, np.zeros(36), np.ones(36, bool), mask, mask)).packed) < 10_000


def test_a_volume_is_looked_at_in_the_size_of_its_slices(trained, cohort):
    run = RunFolder.open(trained)
    slices = run.slices_of("test", index_folder(cohort).slices)[:4]
    volume = look_at(Pipeline.load(run), slices[0].patient, slices)
    assert volume.truth.shape == volume.segmented.shape == volume.cascaded.shape == (4, 40, 40)
    np.testing.assert_array_equal(volume.truth.any(axis=(1, 2)), [False, True, True, False])
