import numpy as np
import pandas as pd
import pytest

from examples.brain_mri.shapes import shape_scores, shape_summary
from examples.brain_mri.volumes import Volume
from resunet_kit.metrics import average_surface_distance, hausdorff_distance, lesion_scores, surface_dice


def box(*corners):
    mask = np.zeros((3, 12, 12), np.uint8)
    for top, left in corners:
        mask[1:, top : top + 3, left : left + 3] = 1
    return mask


def volume(patient, truth, segmented, cascaded):
    return Volume(patient, [], truth, np.zeros(3), np.ones(3, bool), segmented, cascaded)


def test_rows_are_those_of_the_librarys_scores():
    truth, marked = box((1, 1), (7, 7)), box((2, 1))
    row = shape_scores(volume("p", truth, marked, truth))
    assert row["segmenter_hausdorff_distance_95_px"] == pytest.approx(hausdorff_distance(truth, marked, percentile=95))
    assert row["segmenter_average_surface_distance_px"] == pytest.approx(average_surface_distance(truth, marked))
    assert row["segmenter_surface_dice"] == pytest.approx(surface_dice(truth, marked, tolerance=1))
    assert row["segmenter_lesion_f1"] == pytest.approx(lesion_scores(truth, marked).f1)
    assert (row["segmenter_lesions_detected"], row["segmenter_lesions_missed"]) == (1, 1)
    assert row["cascade_hausdorff_distance_95_px"] == 0


def test_infinite_distances_are_counted_and_written_as_text():
    truth, nothing = box((1, 1)), np.zeros((3, 12, 12), np.uint8)
    rows = [shape_scores(volume("a", truth, truth, nothing)), shape_scores(volume("b", truth, truth, truth))]
    found = shape_summary(pd.DataFrame(rows))
    assert found["cascade"]["hausdorff_distance_95_px"] == {
        "median": "Infinity",
        "interval": [0.0, "Infinity"],
        "infinite": 1,
    }
    assert found["segmenter"]["hausdorff_distance_95_px"]["infinite"] == 0
    assert found["cascade"]["lesions_missed"] == 1
    assert found["cascade"]["surface_dice"] == {"mean": 0.5, "interval": [0.0, 1.0]}
    one = shape_summary(pd.DataFrame(rows[:1]))
    assert one["cascade"]["average_surface_distance_px"]["interval"] is None
