"""Scores of cases against SciPy and counts by hand, the rules for empty masks, groups, tables and JSON."""

import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from scipy.spatial.distance import cdist

from resunet_kit.metrics import bootstrap_interval, evaluate_masks, lesion_scores

FAST = {"resamples": 200}


def blobs(seed, shape=(20, 24), level=0.25):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2)
    return (noise > np.quantile(noise, 1 - level)).astype("uint8")


@pytest.fixture
def pairs():
    return [blobs(i) for i in range(6)], [blobs(i) | blobs(i + 50, level=0.05) for i in range(6)]


def boundary(mask):
    padded = np.pad(mask.astype(bool), 1)
    inner = ndimage.binary_erosion(padded)
    return np.argwhere((padded & ~inner)[(slice(1, -1),) * mask.ndim])


@pytest.mark.parametrize("shape", [(20, 24), (8, 12, 10)])
def test_scores_agree_with_scipy_and_counts(shape):
    spacing = (2.5, 0.7, 1.1)[: len(shape)]
    truth, prediction = blobs(1, shape), blobs(2, shape)
    [row] = evaluate_masks([truth], [prediction], spacing=spacing, tolerance=1.5, **FAST).rows
    both = int((truth & prediction).sum())
    assert row["dice"] == pytest.approx(2 * both / (truth.sum() + prediction.sum()))
    assert row["iou"] == pytest.approx(both / (truth | prediction).sum())
    assert (row["truth_px"], row["predicted_px"]) == (truth.sum(), prediction.sum())
    distances = cdist(boundary(truth) * spacing, boundary(prediction) * spacing)
    there, back = distances.min(1), distances.min(0)
    assert row["hausdorff_distance_mm"] == pytest.approx(max(there.max(), back.max()))
    assert row["hausdorff_distance_95_mm"] == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
    assert row["average_surface_distance_mm"] == pytest.approx(np.concatenate([there, back]).mean())
    assert row["surface_dice"] == pytest.approx((np.concatenate([there, back]) <= 1.5).mean())
    lesions = lesion_scores(truth, prediction)
    assert row["lesions_detected"] + row["lesions_missed"] == ndimage.label(truth, np.ones((3,) * len(shape)))[1]
    assert (row["lesions_false_positive"], row["lesion_f1"]) == (lesions.false_positives, lesions.f1)


def test_the_columns_say_the_unit(pairs):
    assert "hausdorff_distance_px" in evaluate_masks(*pairs, **FAST).rows[0]
    found = evaluate_masks(*pairs, spacing=2, **FAST)
    assert "hausdorff_distance_mm" in found.rows[0]
    assert found.settings["distance_unit"] == "mm"
    in_pixels = evaluate_masks(*pairs, **FAST).rows[3]["average_surface_distance_px"]
    assert found.rows[3]["average_surface_distance_mm"] == pytest.approx(2 * in_pixels)


def test_each_case_may_have_its_own_spacing(pairs):
    found = evaluate_masks(*pairs, spacing=[(1, 1)] * 5 + [(3, 3)], **FAST).rows
    alone = evaluate_masks([pairs[0][5]], [pairs[1][5]], spacing=3, **FAST).rows[0]
    assert found[5]["hausdorff_distance_mm"] == alone["hausdorff_distance_mm"]
    with pytest.raises(ValueError, match="one for each of 6"):
        evaluate_masks(*pairs, spacing=[(1, 1)] * 5)


def test_intervals_are_those_of_bootstrap_interval_over_the_groups(pairs):
    groups = ["c", "a", "a", "b", "b", "b"]
    found = evaluate_masks(*pairs, groups=groups)
    dice = [row["dice"] for row in found.rows]
    summary = {row["score"]: row for row in found.summary_rows}
    expected = bootstrap_interval(dice, groups)
    assert (summary["dice"]["mean"], summary["dice"]["low"], summary["dice"]["high"]) == expected
    assert (summary["dice"]["cases"], summary["dice"]["groups"]) == (6, 3)
    counts = [row["lesions_detected"] for row in found.rows]
    assert summary["lesions_detected"]["mean"] == bootstrap_interval(counts, groups, within=np.sum).estimate
    per_group = {row["group"]: row for row in found.by_group.to_dict("records")}
    assert list(per_group) == ["c", "a", "b"]
    assert per_group["a"]["dice"] == pytest.approx(np.mean(dice[1:3]))
    assert per_group["b"]["lesions_detected"] == sum(counts[3:])
    median = evaluate_masks(*pairs, groups=groups, statistic="median").summary_rows[0]
    assert median["median"] == bootstrap_interval(dice, groups, statistic=np.median).estimate


@pytest.mark.parametrize(
    "groups",
    [
        {"0": "x", "1": "x", "2": "y", "3": "y", "4": "z", "5": "z"},
        lambda name: "xyz"[int(name) // 2],
        np.array(["x", "x", "y", "y", "z", "z"]),
        iter("xxyyzz"),
    ],
    ids=["mapping", "function", "array", "iterator"],
)
def test_groups_are_given_in_several_ways(pairs, groups):
    assert [row["group"] for row in evaluate_masks(*pairs, groups=groups, **FAST).rows] == list("xxyyzz")


def test_without_groups_each_case_is_its_own(pairs):
    found = evaluate_masks(*pairs, names=list("abcdef"), **FAST)
    assert [row["group"] for row in found.rows] == list("abcdef")
    assert found.settings["score_unit"] == "mean over cases"


def test_one_group_has_no_interval(pairs):
    row = evaluate_masks(*pairs, groups=["a"] * 6, **FAST).summary_rows[0]
    assert math.isnan(row["low"])
    assert row["mean"] == pytest.approx(np.mean([one["dice"] for one in evaluate_masks(*pairs, **FAST).rows]))


# --- Empty masks -------------------------------------------------------------------------------------------


def empty_cases():
    """Return truths and predictions: both empty, a false positive, a missed object, an exact one."""
    object_ = np.zeros((6, 6), int)
    object_[2:4, 2:4] = 1
    nothing = np.zeros((6, 6), int)
    return [nothing, nothing, object_, object_], [nothing, object_, nothing, object_]


@pytest.mark.parametrize("empty", [5, -1, float("nan"), "best"])
def test_a_score_of_empty_masks_that_is_none_is_refused(empty):
    with pytest.raises(ValueError, match="empty"):
        evaluate_masks(*empty_cases(), empty=empty, **FAST)


def test_empty_masks_by_the_rule_of_a_number():
    rows = evaluate_masks(*empty_cases(), empty=0.25, **FAST).rows
    assert [row["dice"] for row in rows] == [0.25, 0, 0, 1]
    assert [row["hausdorff_distance_px"] for row in rows] == [0, math.inf, math.inf, 0]
    assert [row["surface_dice"] for row in rows] == [1, 0, 0, 1]
    assert [row["lesion_f1"] for row in rows] == [1, 0, 0, 1]


@pytest.mark.parametrize(("empty", "left_out", "mean"), [("skip_both", 1, 1 / 3), ("skip", 2, 0.5)])
def test_empty_masks_that_are_left_out(empty, left_out, mean):
    found = evaluate_masks(*empty_cases(), empty=empty, **FAST)
    dice = next(row for row in found.summary_rows if row["score"] == "dice")
    assert (dice["left_out"], dice["cases"], dice["mean"]) == (left_out, 4 - left_out, pytest.approx(mean))
    assert [math.isnan(row["dice"]) for row in found.rows] == [index < left_out for index in range(4)]
    assert [row["lesions_false_positive"] for row in found.rows] == [0, 1, 0, 0]  # counts are never left out
    assert "left out" in found.settings["empty_rule"]


def test_infinite_distances_are_counted_and_said():
    found = evaluate_masks(*empty_cases(), **FAST)
    distance = next(row for row in found.summary_rows if row["score"] == "hausdorff_distance_95_px")
    assert (distance["mean"], distance["infinite"]) == (math.inf, 2)
    assert "statistic='median'" in str(found)


def test_all_cases_left_out_give_no_score():
    nothing = np.zeros((2, 4, 4), int)
    found = evaluate_masks(nothing, nothing, empty="skip", **FAST)
    assert all(math.isnan(row["mean"]) for row in found.summary_rows if row["score"] == "dice")
    assert json.loads(found.to_json())["summary"][0]["mean"] is None


# --- Classes and ignored pixels --------------------------------------------------------------------------------


def test_several_classes_and_their_mean():
    truth = np.array([[[1, 1, 2, 0]], [[1, 1, 0, 0]]])
    prediction = np.array([[[1, 0, 2, 2]], [[1, 1, 0, 0]]])
    found = evaluate_masks(truth, prediction, **FAST)
    dice = {(row["case"], row["class"]): row["dice"] for row in found.rows}
    assert dice == {
        ("0", 1): pytest.approx(2 / 3),
        ("0", 2): pytest.approx(2 / 3),
        ("0", "mean"): pytest.approx(2 / 3),
        ("1", 1): 1.0,
        ("1", 2): 1.0,  # both masks lack it
        ("1", "mean"): 1.0,
    }
    skipped = evaluate_masks(truth, prediction, empty="skip_both", **FAST).rows
    assert math.isnan(skipped[4]["dice"])
    assert skipped[5]["dice"] == 1.0
    assert found.settings["classes"] == [1, 2]


def test_a_late_class_has_the_rows_that_a_declared_one_has():
    truth, prediction = np.zeros((2, 2, 6, 6), int)
    truth[1, 2:4, 2:4] = 3
    truth[0, 0, 0] = prediction[0, 0, :2] = 1
    told = evaluate_masks(truth, prediction, num_classes=4, **FAST).rows
    seen = evaluate_masks(truth, prediction, **FAST).rows
    assert [row for row in told if row["class"] in (1, 3)] == [row for row in seen if row["class"] != "mean"]
    assert {row["class"] for row in told} == {1, 2, 3, "mean"}


def test_ignored_pixels_count_for_no_score():
    truth = np.array([[1, 1, 0, 0, 255, 255]])
    prediction = np.array([[1, 0, 0, 1, 1, 0]])
    [row] = evaluate_masks([truth], [prediction], ignore_class=255, **FAST).rows
    [kept] = evaluate_masks([truth[:, :4]], [prediction[:, :4]], **FAST).rows
    overlap = ("dice", "iou", "sensitivity", "specificity", "precision", "truth_px", "predicted_px")
    assert {name: row[name] for name in overlap} == {name: kept[name] for name in overlap}
    [nothing] = evaluate_masks([np.full((2, 2), 255)], [np.ones((2, 2))], ignore_class=255, **FAST).rows
    assert math.isnan(nothing["dice"])
    assert nothing["predicted_px"] == 0


def test_masks_of_0_and_255_do_not_mix_with_labels():
    truth = [np.array([[0, 255]]), np.array([[1, 2]])]
    with pytest.raises(ValueError, match=r"one meaning.*case '0'"):
        evaluate_masks(truth, truth)


# --- Tables and files --------------------------------------------------------------------------------------------


def test_tables_have_the_same_columns_with_and_without_pandas(pairs, monkeypatch):
    found = evaluate_masks(*pairs, groups=list("aabbcc"), **FAST)
    table, summary = found.table, found.summary
    assert isinstance(table, pd.DataFrame)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert found.table == found.rows
    assert list(found.table[0]) == list(table.columns)
    assert list(found.summary[0]) == list(summary.columns)
    assert len(found.by_group) == 3
    assert len(found) == 6


def test_json_and_csv_have_all_scores(tmp_path):
    found = evaluate_masks(*empty_cases(), groups=[1, 1, 2, 3], empty="skip_both", **FAST)
    found.to_json(tmp_path / "scores.json")
    content = json.loads((tmp_path / "scores.json").read_text())
    assert content["cases"][0]["dice"] is None
    assert content["cases"][1]["hausdorff_distance_px"] == "Infinity"
    assert content["cases"][1]["group"] == 1
    assert (content["settings"]["distance_unit"], content["settings"]["empty"]) == ("px", "skip_both")
    assert "left out" in content["settings"]["empty_rule"]
    assert content["settings"]["score_unit"].startswith("mean over groups")
    found.to_csv(tmp_path / "scores.csv")
    table = pd.read_csv(tmp_path / "scores.csv")
    assert table["dice"].tolist()[1:] == [0, 0, 1]
    assert np.isnan(table["dice"][0])
    assert np.isinf(table["hausdorff_distance_px"][1])


def test_the_text_is_a_short_table(pairs):
    found = evaluate_masks(*pairs, groups=list("aabbcc"), **FAST)
    text = str(found)
    assert text.startswith("6 cases, 3 groups. Mean over groups")
    assert f"| 1 | dice | {found.summary_rows[0]['mean']:.3f} |" in text
    assert "specificity" not in text
    assert "specificity" in found.to_markdown()
    assert repr(found) == "Evaluation(cases=6, groups=3)"


# --- Bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truths", "predictions", "options", "says"),
    [
        ([], [], {}, "Received 0 truths"),
        (np.zeros((2, 4, 4)), np.zeros((3, 4, 4)), {}, "2 truths and 3"),
        (np.zeros((4, 4)), np.zeros((4, 4)), {}, r"into a list: \[truth\]"),
        ([np.zeros((4, 4))], [np.zeros((4, 5))], {}, r"\(4, 4\) and \(4, 5\) for case '0'"),
        ([np.zeros((4, 4))], [np.full((4, 4), 0.5)], {}, "the prediction of case '0'.*Threshold"),
        (np.zeros((2, 4, 4)), np.zeros((2, 4, 4)), {"groups": ["a"]}, "one value for each sample"),
        (np.zeros((2, 4, 4)), np.zeros((2, 4, 4)), {"groups": ["a", None]}, "None or NaN for 1 of 2"),
        (np.zeros((2, 4, 4)), np.zeros((2, 4, 4)), {"groups": {"0": "a"}}, "none for '1'"),
        (np.zeros((2, 4, 4)), np.zeros((2, 4, 4)), {"names": ["a", "a"]}, "'a' twice"),
        ([np.zeros((4, 4))], [np.zeros((4, 4))], {"empty": "skp"}, "Did you mean 'skip'"),
        ([np.zeros((4, 4))], [np.zeros((4, 4))], {"tolerance": -1}, "tolerance"),
        ([np.zeros((4, 4))], [np.zeros((4, 4))], {"confidence": 95}, "Pass 0.95"),
        ([np.ones((4, 4))], [np.zeros((4, 4))], {"num_classes": 2, "ignore_class": 1}, "a class to score"),
        ([np.zeros((4, 4))], [np.zeros((4, 4))], {"connectivity": 3}, "connectivity"),
    ],
)
def test_wrong_values_are_refused(truths, predictions, options, says):
    with pytest.raises(ValueError, match=says):
        evaluate_masks(truths, predictions, **options)


@pytest.mark.parametrize(
    ("truths", "options", "says"),
    [("masks", {}, "Pass a list"), (["a.png"], {}, "evaluation.evaluate"), (None, {"groups": 3}, "groups=3")],
)
def test_wrong_types_are_refused(truths, options, says):
    masks = np.zeros((1, 4, 4)) if truths is None else truths
    with pytest.raises(TypeError, match=says):
        evaluate_masks(masks, masks, **options)


def test_no_framework_is_loaded():
    code = (
        "import sys\nfrom resunet_kit.metrics import evaluate_masks\n"
        "print({'keras', 'tensorflow', 'pandas'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
