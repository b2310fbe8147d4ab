from itertools import groupby

import numpy as np
import pandas as pd
import pytest

from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.explaining import EACH, explain
from examples.brain_mri.pipeline import Pipeline
from examples.brain_mri.run_folder import RunFolder
from examples.brain_mri.volumes import Marked, look_at


@pytest.fixture(scope="module")
def found(trained, cohort):
    run = RunFolder.open(trained)
    pipeline = Pipeline.load(run)
    test = groupby(run.slices_of("test", index_folder(cohort).slices), key=lambda item: item.patient)
    marked = [Marked.of(look_at(pipeline, patient, list(slices))) for patient, slices in test]
    slices = pd.read_csv(trained / "metrics_per_slice.csv")
    return explain(pipeline, marked, slices), slices


def test_the_least_sure_slices_with_tumour_and_the_surest_without_are_explained(found):
    explained, slices = found
    for tumour, ascending in ((True, True), (False, False)):
        of_kind = slices[slices["has_tumour"] == tumour].sort_values("probability", ascending=ascending)
        probabilities = [one.probability for one in explained if one.has_tumour == tumour]
        np.testing.assert_allclose(probabilities, of_kind["probability"][:EACH], rtol=1e-5)


def test_evidence_and_outline_lie_on_the_slice_as_the_classifier_sees_it(found):
    explained, *_ = found
    for one in explained:
        assert one.image.shape == (*one.evidence.shape, 3)
        assert one.mask.shape == one.evidence.shape
        assert one.mask.any() == one.has_tumour
        assert 0 <= one.evidence.min() <= one.evidence.max() <= 1
    assert any(one.evidence.max() == 1 for one in explained)
