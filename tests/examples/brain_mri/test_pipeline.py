import numpy as np

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.cohort.slices import read_volume
from examples.brain_mri.marking import mark
from examples.brain_mri.pipeline import Pipeline
from examples.brain_mri.run_folder import RunFolder


def test_a_patient_is_predicted_at_the_size_of_its_slices(trained, cohort):
    pipeline = Pipeline.load(RunFolder.open(trained))
    images, _ = read_volume(index_folder(cohort).slices[:4])
    found = pipeline.predict(images, every_slice=True)
    assert found.tumour.shape == (4,)
    assert found.pixels.shape == found.segmented.shape == found.mask.shape == (4, 40, 40)
    shown = found.tumour >= pipeline.cascade.threshold
    options = pipeline.cascade.postprocess
    np.testing.assert_array_equal(found.segmented, mark(found.pixels, options))
    np.testing.assert_array_equal(found.mask, mark(found.pixels * shown[:, None, None], options))


def test_the_second_stage_looks_at_what_the_first_lets_through(trained, cohort):
    pipeline = Pipeline.load(RunFolder.open(trained), final=True)
    images, _ = read_volume(index_folder(cohort).slices[:4])
    whole = pipeline.predict(images, every_slice=True)
    pipeline.cascade.threshold = float(np.sort(whole.tumour)[2])
    found = pipeline.predict(images)
    shown = whole.tumour >= pipeline.cascade.threshold
    assert 0 < shown.sum() < 4
    np.testing.assert_allclose(found.pixels[shown], whole.pixels[shown], atol=1e-6)
    assert not found.pixels[~shown].any()
    np.testing.assert_array_equal(found.mask, pipeline.predict(images, every_slice=True).mask)
    pipeline.cascade.threshold = 1.0
    assert not pipeline.predict(images).mask.any()
