import numpy as np

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.cohort.slices import read_volume
from examples.brain_mri.pipeline import Pipeline
from examples.brain_mri.run_folder import RunFolder


def test_a_patient_is_predicted_at_the_size_of_its_slices(trained, cohort):
    pipeline = Pipeline.load(RunFolder.open(trained))
    images, _ = read_volume(index_folder(cohort).slices[:4])
    found = pipeline.predict(images)
    assert found.tumour.shape == (4,)
    assert found.pixels.shape == found.segmented.shape == found.mask.shape == (4, 40, 40)
    assert pipeline.channels == 3
    for shown, segmented, mask in zip(
        found.tumour >= pipeline.cascade.threshold, found.segmented, found.mask, strict=True
    ):
        np.testing.assert_array_equal(mask, segmented if shown else 0)
