import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist

from resunet_kit.metrics import average_surface_distance, hausdorff_distance, surface_dice, surface_scores
from tests.strategies import SPACINGS, mask_pairs

FEW = settings(max_examples=40)
PAIRS = mask_pairs()
PERCENTILES = st.just(0.0) | st.floats(1, 100, exclude_min=True)
SQUARE = np.pad(np.ones((4, 4), np.uint8), 2)
EMPTY = np.zeros_like(SQUARE)


def all_scores(truth, prediction, tolerance, percentile, spacing):
    """Return the three scores from all pairs of surface pixels, found by erosion."""
    surfaces = [np.argwhere(mask & ~binary_erosion(mask)) * np.array(spacing) for mask in (truth, prediction)]
    between = cdist(*surfaces)
    there, back = between.min(axis=1), between.min(axis=0)
    both = np.concatenate([there, back])
    hausdorff = max(np.percentile(there, percentile), np.percentile(back, percentile))
    return hausdorff, both.mean(), np.mean(both <= tolerance)


@given(PAIRS, SPACINGS, st.floats(0, 5), PERCENTILES)
def test_scores_are_those_of_all_pairs_of_surface_pixels(pair, spacing, tolerance, percentile):
    assume(all(mask.any() for mask in pair))
    sizes = spacing[: pair[0].ndim]
    expected = all_scores(*pair, tolerance, percentile, sizes)
    # A tolerance that equals a distance to rounding is a case of its own, below.
    assume(all_scores(*pair, tolerance * (1 + 1e-5), percentile, sizes)[2] == expected[2])
    found = surface_scores(*pair, tolerance=tolerance, percentile=percentile, spacing=sizes)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@FEW
@given(PAIRS, SPACINGS, st.floats(0, 5), PERCENTILES)
def test_each_function_gives_its_field(pair, spacing, tolerance, percentile):
    sizes = spacing[: pair[0].ndim]
    scores = surface_scores(*pair, tolerance=tolerance, percentile=percentile, spacing=sizes)
    assert scores == (
        hausdorff_distance(*pair, percentile=percentile, spacing=sizes),
        average_surface_distance(*pair, spacing=sizes),
        surface_dice(*pair, tolerance=tolerance, spacing=sizes),
    )
    assert all(type(score) is float for score in scores)


def directed_distances(start, target, sizes):
    """Return the distance of each surface pixel of `start` to the surface of `target`, from all pairs."""
    surfaces = [np.argwhere(mask & ~binary_erosion(mask)) * np.array(sizes) for mask in (start, target)]
    return cdist(*surfaces).min(axis=1)


@FEW
@given(PAIRS, SPACINGS, PERCENTILES)
def test_directed_scores_are_those_from_the_prediction_to_the_truth(pair, spacing, percentile):
    """MONAI's `compute_hausdorff_distance(directed=True)` and `compute_average_surface_distance(symmetric=False)`."""
    assume(all(mask.any() for mask in pair))
    truth, prediction = pair
    sizes = spacing[: truth.ndim]
    there, back = directed_distances(prediction, truth, sizes), directed_distances(truth, prediction, sizes)
    options = {"spacing": sizes, "percentile": percentile, "directed": True}
    assert hausdorff_distance(truth, prediction, **options) == pytest.approx(np.percentile(there, percentile), rel=1e-6)
    assert hausdorff_distance(prediction, truth, **options) == pytest.approx(np.percentile(back, percentile), rel=1e-6)
    # Together, DeepMind's pair of averages: truth to prediction, and prediction to truth.
    averages = [
        average_surface_distance(*masks, spacing=sizes, symmetric=False)
        for masks in ((prediction, truth), (truth, prediction))
    ]
    np.testing.assert_allclose(averages, [back.mean(), there.mean()], rtol=1e-6)
    weighed = np.average(averages, weights=[back.size, there.size])
    assert average_surface_distance(truth, prediction, spacing=sizes) == pytest.approx(weighed, rel=1e-6)


def test_directed_scores_by_hand():
    """Three pixels beyond the truth, none of it lost."""
    truth, prediction = np.eye(1, 8), np.ones((1, 8)) * (np.arange(8) < 4)
    assert hausdorff_distance(truth, prediction, directed=True) == 3
    assert hausdorff_distance(prediction, truth, directed=True) == 0
    assert average_surface_distance(truth, prediction, symmetric=False) == (0 + 1 + 2 + 3) / 4
    assert average_surface_distance(prediction, truth, symmetric=False) == 0
    assert average_surface_distance(truth, prediction) == 6 / 5


def test_a_directed_distance_to_or_from_an_empty_mask_is_infinite():
    for masks in ((SQUARE, EMPTY), (EMPTY, SQUARE)):
        assert hausdorff_distance(*masks, directed=True) == math.inf
        assert average_surface_distance(*masks, symmetric=False) == math.inf
    assert hausdorff_distance(EMPTY, EMPTY, directed=True) == 0
    assert average_surface_distance(EMPTY, EMPTY, symmetric=False) == 0


@pytest.mark.parametrize(("fraction", "percent"), [(0.95, "95"), (1, "100"), (1.0, "100"), (0.025, r"2\.5")])
@pytest.mark.parametrize("score", [hausdorff_distance, surface_scores])
def test_a_percentile_as_a_fraction_is_refused_with_the_percentile(score, fraction, percent):
    with pytest.raises(
        ValueError, match=rf"in percent, .* Received percentile={fraction}\. Pass percentile={percent}\."
    ):
        score(SQUARE, SQUARE, percentile=fraction)
    score(SQUARE, SQUARE, percentile=100 * fraction)


# MONAI's own tables, tests/metrics/test_hausdorff_distance.py and test_surface_distance.py at commit
# d388d1c6: the Euclidean, symmetric values. Balls: radius, centre and spacing as there, in an image of 99³.
SPACED = (0.85, 1.2, 0.9)
MONAI_BALLS = [
    ("hausdorff", (20, (20, 20, 20)), (20, (19, 19, 19)), None, 100, 1.7320508075688772),
    ("hausdorff", (33, (19, 33, 22)), (33, (20, 33, 22)), None, 100, 1),
    ("hausdorff", (20, (20, 33, 22)), (40, (20, 33, 22)), None, 100, 20.223748416156685),
    ("hausdorff", (20, (20, 33, 22)), (40, (20, 33, 22)), None, 95, 20.09975124224178),
    ("hausdorff", (20, (20, 20, 20)), (20, (19, 19, 19)), SPACED, 100, 2.2671568),
    ("hausdorff", (15, (20, 33, 22)), (30, (20, 33, 22)), SPACED, 100, 15.62594),
    ("average", (33, (19, 33, 22)), (33, (20, 33, 22)), None, 100, 0.350217),
    ("average", (20, (20, 33, 22)), (40, (20, 33, 22)), None, 100, 15.117741),
    ("average", (33, (42, 45, 52)), (33, (43, 45, 52)), SPACED, 100, 0.4951),
]


def ball(radius, centre, spacing):
    axes = np.ogrid[:99, :99, :99]
    sizes = spacing or (1, 1, 1)
    return sum((axis * size - middle) ** 2 for axis, size, middle in zip(axes, sizes, centre, strict=True)) <= radius**2


@pytest.mark.parametrize(("score", "one", "other", "spacing", "percentile", "published"), MONAI_BALLS)
def test_published_values_of_monai_for_balls(score, one, other, spacing, percentile, published):
    found = surface_scores(ball(*one, spacing), ball(*other, spacing), percentile=percentile, spacing=spacing)
    value = found.hausdorff_distance if score == "hausdorff" else found.average_surface_distance
    assert value == pytest.approx(published, rel=1e-5)


def halves(shape, start):
    mask = np.zeros(shape, np.uint8)
    mask[..., start:] = 1
    return mask


def test_published_values_of_monai_for_shifted_halves():
    """From tests/metrics/test_surface_dice.py: the class that is moved by ten pixels, at tolerance 0."""
    flat = surface_dice(halves((480, 640), 60), halves((480, 640), 50), tolerance=0)
    assert flat == pytest.approx(1 - (478 + 480 + 9 * 2) / (480 * 4 + 588 * 2 + 578 * 2))
    solid = surface_dice(halves((200, 110, 80), 30), halves((200, 110, 80), 20), tolerance=0)
    beyond = 200 * 110 + 198 * 108 + 9 * 200 * 2 + 9 * 108 * 2
    assert solid == pytest.approx(1 - beyond / (200 * 110 * 4 + (58 + 48) * 200 * 2 + (58 + 48) * 108 * 2))


@pytest.mark.parametrize(("tolerance", "expected"), [(0, 0), (5.5, 1 / 3), (6, 2 / 3), (6.5, 1)])
def test_published_values_of_monai_for_two_bars(tolerance, expected):
    """From tests/metrics/test_surface_dice.py: distances √29, √34 and √41 both ways."""
    one, other = np.zeros((2, 10, 10), np.uint8)
    one[1:4, 1] = 1
    other[5:8, 6] = 1
    assert surface_dice(other, one, tolerance=tolerance) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(5, 6), (3, 5, 6)])
def test_empty_masks(shape):
    full, empty = np.ones(shape), np.zeros(shape)
    assert surface_scores(empty, empty) == (0, 0, 1)
    assert surface_scores(full, empty) == surface_scores(empty, full) == (math.inf, math.inf, 0)
    assert surface_scores(full, full) == (0, 0, 1)


def test_the_border_of_the_image_counts_as_background():
    full = np.ones((5, 5))
    ring = full.copy()
    ring[1:-1, 1:-1] = 0
    assert surface_scores(full, ring, tolerance=0) == (0, 0, 1)


def test_a_background_pixel_across_a_corner_makes_no_surface():
    truth = np.ones((5, 5))
    truth[0, 0] = 0
    ring = truth.copy()
    ring[1:-1, 1:-1] = 0
    assert surface_scores(truth, ring, tolerance=0) == (0, 0, 1)


@FEW
@given(PAIRS, SPACINGS, PERCENTILES)
def test_scores_do_not_depend_on_the_order_of_the_masks_nor_of_the_axes(pair, spacing, percentile):
    sizes = spacing[: pair[0].ndim]
    scores = surface_scores(*pair, percentile=percentile, spacing=sizes)
    np.testing.assert_allclose(surface_scores(*pair[::-1], percentile=percentile, spacing=sizes), scores, rtol=1e-12)
    flipped = [np.flip(mask, axis=0) for mask in pair]
    np.testing.assert_allclose(surface_scores(*flipped, percentile=percentile, spacing=sizes), scores, rtol=1e-6)
    transposed = [mask.T for mask in pair]
    np.testing.assert_allclose(
        surface_scores(*transposed, percentile=percentile, spacing=sizes[::-1]), scores, rtol=1e-6
    )


@FEW
@given(PAIRS, st.tuples(*[st.integers(0, 3)] * 6))
def test_scores_do_not_change_when_both_masks_move_together(pair, margins):
    before, after = margins[: pair[0].ndim], margins[3 : 3 + pair[0].ndim]
    moved = [np.pad(mask, list(zip(before, after, strict=True))) for mask in pair]
    np.testing.assert_allclose(surface_scores(*moved), surface_scores(*pair), rtol=1e-12)


@FEW
@given(PAIRS, SPACINGS, st.floats(0.01, 100))
def test_distances_scale_with_the_spacing(pair, spacing, factor):
    sizes = np.array(spacing[: pair[0].ndim])
    once, more = (surface_scores(*pair, tolerance=0, spacing=sizes * scale) for scale in (1, factor))
    np.testing.assert_allclose(more[:2], np.multiply(once[:2], factor), rtol=1e-6)
    assert more.surface_dice == once.surface_dice


@FEW
@given(PAIRS, st.lists(PERCENTILES, min_size=2, max_size=2), st.lists(st.floats(0, 9), min_size=2, max_size=2))
def test_percentile_and_tolerance_are_monotone(pair, percentiles, tolerances):
    low, high = (hausdorff_distance(*pair, percentile=rank) for rank in sorted(percentiles))
    assert low <= high or low == pytest.approx(high)
    strict, lenient = (surface_dice(*pair, tolerance=limit) for limit in sorted(tolerances))
    assert 0 <= strict <= lenient <= 1


@FEW
@given(PAIRS, SPACINGS)
def test_a_mask_agrees_with_itself(pair, spacing):
    assert surface_scores(pair[0], pair[0], tolerance=0, spacing=spacing[: pair[0].ndim]) == (0, 0, 1)


def test_a_distance_that_equals_the_tolerance_is_within_it_whatever_its_rounding():
    for step in range(1, 60):
        moved = np.zeros((1, 64))
        moved[0, step] = 1
        start = np.eye(1, 64)
        assert surface_dice(start, moved, tolerance=0.1 * step, spacing=0.1) == 1
        assert surface_dice(start, moved, tolerance=round(0.1 * step, 1), spacing=(7, 0.1)) == 1
        assert surface_dice(start, moved, tolerance=0.1 * step - 0.001, spacing=0.1) == 0


def test_dtype_and_memory_order_do_not_matter():
    truth, prediction = SQUARE, np.roll(SQUARE, (1, 2), (0, 1))
    expected = surface_scores(truth, prediction)
    dtypes = [bool, np.int64, np.float32]
    for other in [*map(prediction.astype, dtypes), prediction * 255, np.asfortranarray(prediction)]:
        assert surface_scores(truth, other) == surface_scores(truth.tolist(), other) == expected


@pytest.mark.parametrize("score", [hausdorff_distance, average_surface_distance, surface_scores])
def test_masks_and_spacings_that_do_not_fit_are_refused(score):
    with pytest.raises(ValueError, match=r"one shape\. Received \(8, 8\) and \(8, 7\)"):
        score(SQUARE, SQUARE[:, :7])
    with pytest.raises(
        ValueError, match=r"Expected prediction of booleans, 0/1 or 0/255\. Received the values 0, 0\.7"
    ):
        score(SQUARE, SQUARE * 0.7)
    with pytest.raises(ValueError, match=r"Expected spacing .* one for each of 2"):
        score(SQUARE, SQUARE, spacing=(1, 1, 1))
    with pytest.raises(ValueError, match="Expected spacing to be a number above 0"):
        score(EMPTY, EMPTY, spacing=0)


def test_options_are_checked_on_empty_masks_too():
    with pytest.raises(ValueError, match=r"percentile to be a number in \[0, 100\]\. Received percentile=101"):
        hausdorff_distance(EMPTY, EMPTY, percentile=101)
    with pytest.raises(ValueError, match=r"tolerance to be a number of at least 0\. Received tolerance=-1"):
        surface_dice(EMPTY, EMPTY, tolerance=-1)
    with pytest.raises(TypeError, match="directed to be True or False"):
        hausdorff_distance(EMPTY, EMPTY, directed="truth")
    with pytest.raises(TypeError, match="symmetric to be True or False"):
        average_surface_distance(EMPTY, EMPTY, symmetric=0)
    with pytest.raises(TypeError, match="percentile to be a number"):
        surface_scores(EMPTY, EMPTY, percentile=None)
    with pytest.raises(TypeError, match="tolerance to be a number"):
        surface_scores(EMPTY, EMPTY, tolerance=[1, 2])
