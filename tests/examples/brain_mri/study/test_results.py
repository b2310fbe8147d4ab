import numpy as np
import pytest

from examples.brain_mri.study.grid import COMPARISONS
from examples.brain_mri.study.results import result_table, summary_table


def training(start, seed, scores, *, stage="segmenter", mode="all", patients=2, seconds=1.0, by_patient=None):
    moments = [
        {"steps": 10 * i, "seconds": 10 * i * seconds, "score": score, "by_patient": by_patient or {}}
        for i, score in enumerate(scores)
    ]
    return {"stage": stage, "start": start, "mode": mode, "patients": patients, "seed": seed, "moments": moments}


def test_one_row_per_training_and_moment():
    table = result_table([training("random", 0, [0.1, 0.2, 0.3]), training("imagenet", 0, [0.2, 0.4, 0.5])])
    assert len(table) == 6
    assert list(table["steps"]) == [0, 10, 20] * 2
    assert "by_patient" not in table


def test_differences_are_of_the_same_seed_and_patients():
    # The seeds differ by 0.4, what is compared by 0.1 always: without pairs, the interval would hold 0.
    finished = [
        training(start, seed, [0, 0.2 + 0.4 * seed + gain]) for seed in (0, 1) for start, gain in
        (("random", 0.0), ("imagenet", 0.1))
    ]  # fmt: skip
    finished.append(training("imagenet", 2, [0, 0.9]))  # interrupted: random of this seed is missing
    [row] = summary_table(finished, [COMPARISONS["starts"]]).to_dict("records")
    assert (row["compared"], row["with"], row["pairs"]) == ("imagenet", "random", 2)
    for name in ("difference", "low", "high"):
        assert row[name] == pytest.approx(0.1)
    assert (row["score"], row["score_with"]) == (pytest.approx(0.5), pytest.approx(0.4))


def test_all_numbers_of_patients_together_have_a_row():
    finished = [
        training(start, 0, [0, score + patients / 100], patients=patients)
        for patients in (2, 4)
        for start, score in (("random", 0.5), ("simulated", 0.6))
    ]
    table = summary_table(finished, [COMPARISONS["starts"]])
    assert list(table["patients"]) == ["2", "4", "2 4"]
    assert np.isnan(table["low"][0])
    assert list(table["pairs"]) == [1, 1, 2]
    assert table["low"][2] == pytest.approx(0.1)


def test_features_are_of_all_patients_alone():
    finished = [
        training(start, 0, [0, 0.5], patients=patients, mode="frozen")
        for patients in (2, 4)
        for start in ("random", "imagenet")
    ]
    assert list(summary_table(finished, [COMPARISONS["features"]])["patients"]) == ["4"]


def test_how_much_sooner_the_same_score_is_arrived_at():
    finished = [
        training("random", 0, [0.0, 0.2, 0.4]),
        training("imagenet", 0, [0.0, 0.8, 0.9], seconds=0.5),
        training("simulated", 0, [0.5, 0.5, 0.5]),
        training("imagenet_simulated", 0, [0.0, 0.1, 0.3]),
    ]
    rows = summary_table(finished, [COMPARISONS["starts"]]).set_index("compared")
    # Halfway to the first moment, at step 5 of 20, each of half a second.
    assert rows.loc["imagenet", "part_of_steps"] == pytest.approx(0.25)
    assert rows.loc["imagenet", "part_of_seconds"] == pytest.approx(0.125)
    assert rows.loc["simulated", "part_of_steps"] == 0
    assert rows.loc["imagenet_simulated", "arrived"] == 0
    assert np.isinf(rows.loc["imagenet_simulated", "part_of_steps"])


def test_a_training_takes_as_long_as_one_that_is_equal():
    scores = [0, 0.5, 0.8, 0.79, 0.8]
    [row] = summary_table(
        [training(start, 0, scores) for start in ("random", "imagenet")], [COMPARISONS["starts"]]
    ).to_dict("records")
    assert (row["part_of_steps"], row["part_of_seconds"]) == (1, 1)


def test_nobody_has_to_arrive_at_a_score_that_was_there_before_the_first_step():
    finished = [training("random", 0, [0.0, 0.1, 0.0]), training("imagenet", 0, [0.0, 0.0, 0.0])]
    [row] = summary_table(finished, [COMPARISONS["starts"]]).to_dict("records")
    assert (row["comparable"], row["arrived"]) == (0, 0)
    assert np.isnan(row["part_of_steps"])


def test_intervals_over_patients_held_out():
    gains = {"a": 0.1, "b": 0.3}
    finished = [
        training("random", 0, [0, 0.5], by_patient=dict.fromkeys(gains, 0.5)),
        training("imagenet", 0, [0, 0.7], by_patient={name: 0.5 + gain for name, gain in gains.items()}),
        training("random", 0, [0, 0.5], stage="classifier"),
        training("imagenet", 0, [0, 0.7], stage="classifier"),
    ]
    segmenter, classifier = summary_table(finished, [COMPARISONS["starts"]]).to_dict("records")
    assert (segmenter["patients_low"], segmenter["patients_high"]) == (pytest.approx(0.1), pytest.approx(0.3))
    assert np.isnan(classifier["patients_low"])
