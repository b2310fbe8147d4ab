"""`Cascade.tune`, by models that give what a table says."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit.inference import Cascade, CascadeTuning
from resunet_kit.inference._cascade_tuning import candidates_for
from resunet_kit.masks import PostProcess
from resunet_kit.metrics import overlap_scores
from tests.inference.stages import Lookup, positions

SIZE = (6, 5)


def cascade_of(probabilities, maps, **options):
    """Return a cascade whose models give these probabilities `(n,)` and maps `(n, height, width)` or with classes."""
    maps = maps[..., None] if np.ndim(maps) == 3 else maps
    return Cascade(Lookup(np.reshape(probabilities, (-1, 1))), Lookup(maps), **options)


def dice(masks, truths, groups=None):
    """Return the mean Dice of the images, or of the patients' pixels together."""
    groups = np.arange(len(truths)) if groups is None else np.asarray(groups)
    stacked = np.stack(masks), np.stack(truths)
    return np.mean([overlap_scores(*(part[groups == one] for part in stacked)).dice for one in np.unique(groups)])


def predicted_dice(cascade, truths, groups=None, batch_size=16):
    found = cascade.predict(positions(len(truths), *SIZE), batch_size=batch_size)
    return dice([one.mask for one in found], truths, groups)


@st.composite
def cohorts(draw):
    """Return probabilities, maps, truths of both kinds, and groups."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(2, 9))
    probabilities = rng.choice([0, 0.1, 0.3, 0.3000001, 0.7, 1.0], count)
    maps = rng.choice([0, 0.2, 0.4, 0.6, 0.9], (count, *SIZE))
    truths = (rng.random((count, *SIZE)) < 0.4).astype("uint8")
    truths[rng.random(count) < 0.5] = 0
    truths[0], truths[1, 0, 0] = 0, 1
    groups = rng.integers(0, 3, count).tolist()
    return probabilities, maps, truths, draw(st.sampled_from([None, groups]))


@settings(max_examples=40)
@given(cohorts(), st.sampled_from([None, 0.3, 0.8, 1.0]), st.sampled_from([0.1, 0.5]))
def test_tune_is_never_below_the_segmenter_alone(cohort, sensitivity, former):
    probabilities, maps, truths, groups = cohort
    images = positions(len(truths), *SIZE)
    made = cascade_of(probabilities, maps, postprocess=PostProcess(threshold=former, min_size=2))
    candidates = {"threshold": [0.3, 0.5, 0.8], "min_size": [0, 2]}
    report = made.tune(images, truths, sensitivity=sensitivity, groups=groups, postprocess=candidates).tuning
    found = predicted_dice(made, truths, groups)
    assert report.score == pytest.approx(found)
    for postprocess in (made.postprocess, PostProcess(threshold=former, min_size=2), PostProcess(threshold=0.8)):
        alone = cascade_of(probabilities, maps, threshold=0, postprocess=postprocess)
        assert found >= predicted_dice(alone, truths, groups) - 1e-12
    assert predicted_dice(made, truths, groups, batch_size=3) == found
    passing = np.float32(probabilities) >= np.float32(made.threshold)
    positive = truths.any(axis=(1, 2))
    assert report.sensitivity == passing[positive].mean() >= (sensitivity or 0)
    assert report.specificity == (~passing)[~positive].mean()


@settings(max_examples=20)
@given(cohorts())
def test_the_highest_score_is_that_of_a_search_through_all(cohort):
    probabilities, maps, truths, groups = cohort
    made = cascade_of(probabilities, maps)
    options = [PostProcess(threshold=threshold) for threshold in (0.3, 0.5, 0.8)]
    best = max(
        predicted_dice(cascade_of(probabilities, maps, threshold=threshold, postprocess=one), truths, groups)
        for threshold in [0, *np.float32(probabilities).tolist()]
        for one in options
    )
    report = made.tune(positions(len(truths), *SIZE), truths, groups=groups, postprocess=options).tuning
    assert report.score == pytest.approx(best)
    assert report.segmenter_score == pytest.approx(max(one.segmenter_score for one in report.postprocesses))
    assert {row.threshold: row.score for row in report.thresholds}[report.threshold] == pytest.approx(best)


# === One cohort, by hand ===

PROBABILITIES = np.array([0.9, 0.8, 0.6, 0.5, 0.3, 0.1])
POSITIVE = np.array([1, 1, 0, 1, 0, 0], bool)
TRUTHS = np.zeros((6, *SIZE), "uint8")
TRUTHS[POSITIVE, 1:3, 1:4] = 1
MAPS = np.where(TRUTHS, 0.8, 0.1)
MAPS[:, 5, 4] = 0.6  # a false positive in each image
IMAGES = positions(6, *SIZE)


def tuned(**options):
    made = cascade_of(PROBABILITIES, MAPS, threshold=0.2)
    assert made.tune(IMAGES, TRUTHS, **options) is made
    return made


def test_both_are_chosen_together():
    made = tuned()
    assert 0.6 < made.postprocess.threshold <= 0.8
    report = made.tuning
    assert isinstance(report, CascadeTuning)
    assert (report.score, report.segmenter_score, report.sensitivity, report.images) == (1, 1, 1, 6)
    assert 0.3 < made.threshold <= 0.5  # of equal scores the most sensitive, of these the fewest images
    assert report.specificity == 2 / 3


def test_the_gate_stops_what_the_segmenter_marks_wrongly():
    made = tuned(postprocess=[])
    assert made.postprocess == PostProcess()
    assert 0.6 < made.threshold <= 0.8
    report = made.tuning
    assert report.segmenter_score == pytest.approx((3 * 12 / 13 + 0) / 6)
    assert report.score == pytest.approx((2 * 12 / 13 + 3) / 6)  # one finding missed, three false ones stopped
    rows = [(round(row.threshold, 3), row.sensitivity, row.specificity) for row in report.thresholds]
    assert rows == [
        (0.9, 1 / 3, 1), (0.8, 2 / 3, 1), (0.6, 2 / 3, 2 / 3), (0.5, 1, 2 / 3), (0.3, 1, 1 / 3), (0.1, 1, 0), (0, 1, 0)
    ]  # fmt: skip


@pytest.mark.parametrize(("sensitivity", "threshold"), [(0.3, 0.9), (0.5, 0.8), (2 / 3, 0.8), (0.9, 0.5), (1, 0.5)])
def test_a_wanted_sensitivity_is_reached_by_the_largest_threshold(sensitivity, threshold):
    made = tuned(sensitivity=sensitivity, postprocess=[])
    assert threshold - 2e-5 < made.threshold <= threshold
    assert made.tuning.sensitivity >= sensitivity


def test_a_wanted_sensitivity_never_costs_more_than_the_segmenter_alone_scores():
    assert tuned(sensitivity=0.3, postprocess=[PostProcess(threshold=0.7)]).tuning.score == 1


def test_a_gate_that_is_of_no_use_lets_all_pass():
    for useless in (1 - PROBABILITIES, np.full(6, 0.5)):
        made = cascade_of(useless, MAPS, postprocess=PostProcess(threshold=0.7))
        report = made.tune(IMAGES, TRUTHS, postprocess=[]).tuning
        assert (report.threshold, report.score, report.sensitivity, report.specificity) == (0, 1, 1, 0)


def test_a_patient_counts_once_with_all_pixels():
    groups = ["a", "a", "a", "b", "b", "b"]
    report = tuned(groups=groups, postprocess=[]).tuning
    assert report.score == pytest.approx((24 / 27 + 12 / 13) / 2)
    assert report.segmenter_score == pytest.approx((24 / 27 + 12 / 15) / 2)


def test_several_classes_score_the_mean_of_their_dice():
    labels = TRUTHS.copy()
    labels[0, 1:3, 3] = 2
    maps = np.eye(3)[labels]
    maps[4] = np.eye(3)[2]
    made = cascade_of(PROBABILITIES, maps)
    report = made.tune(IMAGES, labels).tuning
    assert (report.score, report.segmenter_score, made.postprocess) == (1, pytest.approx((5 + 0.5) / 6), PostProcess())
    assert 0.3 < made.threshold <= 0.5
    with pytest.raises(ValueError, match=r"labels from 0 to 2.*Received 3"):
        made.tune(IMAGES, labels + 1)


def test_a_function_may_score():
    def pixels(truth, mask):
        return -float((truth != mask).sum())

    report = tuned(score=pixels, postprocess=[]).tuning
    assert (report.score, report.segmenter_score) == (-4 / 6, -1)


def test_datasets_bring_their_masks():
    expected = tuned(postprocess=[])
    pairs = tf.data.Dataset.from_tensor_slices((IMAGES, TRUTHS[..., None])).batch(4)
    made = cascade_of(PROBABILITIES, MAPS)
    made.tune(pairs, postprocess=[])
    assert made.tuning == expected.tuning
    made.tune(iter(IMAGES), iter(TRUTHS), postprocess=[], groups=iter("aabbcc"))
    assert made.tuning.images == 6


def test_ignored_pixels_do_not_count():
    truths = TRUTHS.copy()
    truths[:, 5, 4] = 255
    made = cascade_of(PROBABILITIES, MAPS)
    assert made.tune(IMAGES, truths, ignore_class=255, postprocess=[]).tuning.segmenter_score == 1
    with pytest.raises(ValueError, match="Received 1 for image 0"):
        made.tune(IMAGES, truths)


def test_each_model_runs_once_over_the_images():
    made = tuned(batch_size=2)
    assert made.classifier.batches == made.segmenter.batches == [2, 2, 2]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sensitivity": 0}, ValueError, r"sensitivity to be a number in \(0, 1\]"),
        ({"sensitivity": np.nan}, ValueError, "sensitivity"),
        ({"sensitivity": "high"}, TypeError, "sensitivity"),
        ({"score": "f1"}, ValueError, "Expected score to be one of"),
        ({"groups": [1, 2]}, ValueError, "Expected groups"),
        ({"groups": [1, 2, 3, 4, None, 5]}, ValueError, "Received None or NaN"),
        ({"postprocess": {"thresholds": [0.5]}}, ValueError, "Did you mean 'threshold'"),
        ({"postprocess": {"threshold": 2.0}}, ValueError, "Expected threshold"),
        ({"postprocess": [0.5]}, TypeError, r"Expected postprocess .* Received 0\.5"),
        ({"postprocess": 0.5}, TypeError, "Expected postprocess"),
        ({"ignore_class": 300}, ValueError, "ignore_class"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"truths": TRUTHS * 0}, ValueError, r"with a finding and others without.* Received 6 without\."),
        ({"truths": TRUTHS | 1}, ValueError, r"Received 6 with\."),
        ({"truths": TRUTHS[:5]}, ValueError, "6 images and 5 truths"),
        ({"truths": TRUTHS[:, :4]}, ValueError, "truth of image 0"),
        ({"truths": np.where(TRUTHS, np.nan, 0)}, ValueError, "NaN for image 0"),
        ({"images": np.where(np.arange(6)[:, None, None, None] == 5, np.nan, IMAGES)}, ValueError, "NaN in image 5"),
        ({"images": IMAGES[:0], "truths": TRUTHS[:0]}, ValueError, "Received none"),
    ],
)
def test_what_cannot_be_tuned_on_is_refused_and_changes_nothing(options, error, message):
    made = cascade_of(PROBABILITIES, MAPS, threshold=0.2)
    with pytest.raises(error, match=message):
        made.tune(**{"images": IMAGES, "truths": TRUTHS, **options})
    assert (made.threshold, made.postprocess, made.tuning) == (0.2, PostProcess(), None)


def test_groups_of_a_stream_are_counted_too():
    with pytest.raises(ValueError, match=r"Expected groups .* shape \(6,\)"):
        cascade_of(PROBABILITIES, MAPS).tune(iter(IMAGES), iter(TRUTHS), groups=[1, 2])


def test_candidates_keep_what_is_not_named():
    current = PostProcess(threshold=0.42, low_threshold=0.3, min_size=7)
    found = candidates_for(None, current, 1)
    assert found[0] == current
    assert {(one.low_threshold, one.min_size) for one in found} == {(0.3, 7)}
    assert [one.threshold for one in found[1:]] == pytest.approx(np.arange(6, 20) / 20)
    assert candidates_for(PostProcess(), PostProcess(), 1) == [PostProcess()]
    assert candidates_for(None, current, 3) == [current]
    assert len(candidates_for({"min_size": [0, 3], "threshold": 0.5, "low_threshold": None}, current, 3)) == 3
