from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from examples.brain_mri import gate, scoring
from examples.brain_mri.cohort.index import index_folder


@pytest.fixture
def slices():
    """Two patients: a found tumour slice, one held back, two false alarms of the segmenter of which one is stopped."""
    rows = [
        ("a", 1, 1, (20, 5, 10), (20, 5, 10)),
        ("a", 0, 0, (0, 7, 0), (0, 0, 0)),
        ("b", 0, 1, (8, 0, 0), (8, 0, 0)),
        ("b", 1, 0, (6, 1, 2), (0, 0, 8)),
        ("b", 0, 1, (0, 3, 0), (0, 3, 0)),
    ]
    table = pd.DataFrame([row[:3] for row in rows], columns=["patient", "has_tumour", "passes_gate"])
    for stage, column in (("segmenter", 3), ("cascade", 4)):
        for i, count in enumerate(scoring.COUNTS):
            table[f"{stage}_{count}"] = [row[column][i] for row in rows]
    return table.drop(index=2).reset_index(drop=True)


def test_what_the_gate_saves_and_costs(slices):
    found = gate.gate_summary(slices)
    assert (found["slices"], found["held_back"], found["held_back_with_tumour"]) == (4, 2, 1)
    assert found["held_back_fraction"] == {"mean": 0.5, "interval": [0.5, 0.5]}
    assert found["true_pixels_held_back"] == 6
    assert found["slices_without_tumour"] == 2
    assert found["false_alarms"] == {"segmenter": 2, "cascade": 1}
    assert found["false_alarm_rate"]["cascade"]["mean"] == 0.5
    assert found["false_positive_px"] == {"segmenter": 16, "cascade": 8}


def test_without_healthy_slices_there_is_no_rate_of_false_alarms(slices):
    found = gate.gate_summary(slices[slices["has_tumour"] == 1])
    assert found["false_alarms"] == {"segmenter": 0, "cascade": 0}
    assert found["false_alarm_rate"]["segmenter"] == {"mean": None, "interval": None}


def test_differences_are_paired_by_patient():
    patients = pd.DataFrame(
        {"patient": list("abc"), "segmenter_dice": [0.5, 0.9, 0.7], "cascade_dice": [0.6, 0.7, 0.7]}
    )
    found = gate.paired_difference(patients, ["dice"])["dice"]
    assert found["mean"] == pytest.approx(-0.1 / 3)
    assert found["interval"] == pytest.approx([-0.2, 0.1])
    assert (found["patients_above"], found["patients_below"]) == (1, 1)


def test_the_time_with_the_gate_is_that_of_the_slices_it_lets_through(cohort, monkeypatch):
    now = [0]
    calls = []

    def clock():
        return now[0]

    def classify(images, **_):
        now[0] += 1
        return np.array([0.1, 0.9, 0.5, 0.2], np.float32)

    def segment(images, **_):
        now[0] += 10 * len(images) + (100 if len(calls) % 2 == 0 else 0)  # every first call compiles
        calls.append(len(images))

    network = SimpleNamespace(input_shape=(None, 32, 32, 3))
    cascade = SimpleNamespace(classify=classify, segment=segment, segmenter=network, threshold=0.5)
    monkeypatch.setattr(gate.time, "perf_counter", clock)
    index = index_folder(cohort)
    patients = [[item for item in index.slices if item.patient == name] for name in index.patients]
    found = gate.seconds(SimpleNamespace(cascade=cascade), patients)
    assert calls == [2, 2, 4, 4] * gate.TIMED
    assert found == {"patients_timed": 3, "classifier": 1.0, "with_gate": 21.0, "without_gate": 40.0}
