import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage.draw import polygon2mask

from resunet_kit.masks import contours, is_hole, polygons_to_mask
from tests.strategies import masks

MASKS = masks(max_side=9)
SHAPE = (12, 15)


@st.composite
def stars(draw):
    """Polygons around a point, less than 180 degrees between corners: none crosses itself, all run one way."""
    radii = draw(st.lists(st.floats(0.3, 4.9), min_size=3, max_size=9))
    late = draw(st.lists(st.floats(0, 0.49), min_size=len(radii), max_size=len(radii)))
    angles = 2 * np.pi * (np.arange(len(radii)) + late) / len(radii)
    # The centre's odd digits keep pixel centres off the edges, where rules differ.
    return np.array([5.7071067, 6.6180339]) + np.array(radii)[:, None] * np.stack([np.sin(angles), np.cos(angles)], 1)


@given(MASKS)
def test_contours_give_back_the_mask(mask):
    again = polygons_to_mask(contours(mask), mask.shape)
    assert again.dtype == np.uint8
    np.testing.assert_array_equal(again, mask)


@given(MASKS)
def test_there_is_an_outline_for_each_component_and_a_hole_for_each_hole(mask):
    found = contours(mask)
    _, components = ndimage.label(mask, np.ones((3, 3)))
    _, holes = ndimage.label(ndimage.binary_fill_holes(mask) & ~mask)
    assert sum(not is_hole(contour) for contour in found) == components
    assert sum(is_hole(contour) for contour in found) == holes


@given(MASKS)
def test_contours_are_closed_half_way_between_pixels_and_have_no_idle_points(mask):
    for contour in contours(mask):
        assert contour.dtype == np.float64
        np.testing.assert_array_equal(contour[0], contour[-1])
        assert (np.sum(contour % 1 == 0.5, axis=1) == 1).all()
        steps = np.diff(contour, axis=0)
        turns = steps[:, 0] * np.roll(steps[:, 1], 1) - steps[:, 1] * np.roll(steps[:, 0], 1)
        assert (turns != 0).all()


CONVENTIONS = [(origin, order) for origin in ("center", "corner") for order in ("row_column", "xy")]


@given(MASKS, st.sampled_from(CONVENTIONS))
def test_every_convention_is_the_default_moved_and_swapped_and_gives_back_the_mask(mask, convention):
    origin, order = convention
    found = contours(mask, origin=origin, order=order)
    for contour, default in zip(found, contours(mask), strict=True):
        moved = default + (0.5 if origin == "corner" else 0)
        np.testing.assert_array_equal(contour, moved[::-1, ::-1] if order == "xy" else moved)
        assert is_hole(contour) == is_hole(default)
    again = polygons_to_mask(found, mask.shape, origin=origin, order=order)
    np.testing.assert_array_equal(again, mask)


def test_in_coco_coordinates_a_mask_spans_its_pixels_edges():
    mask = np.zeros((6, 9))
    mask[1:3, 4:8] = 1
    (contour,) = contours(mask, origin="corner", order="xy")
    assert contour.min(axis=0).tolist() == [4, 1]
    assert contour.max(axis=0).tolist() == [8, 3]


@pytest.mark.parametrize(
    ("convention", "inside", "outside"),
    [
        (("center", "row_column"), [(-0.5, -0.5), (11.5, 14.5), (0, 14.5)], (12, 0)),
        (("corner", "row_column"), [(0, 0), (12, 15), (0, 15)], (12.1, 0)),
        (("center", "xy"), [(-0.5, -0.5), (14.5, 11.5), (14.5, 0)], (0, 12)),
        (("corner", "xy"), [(0, 0), (15, 12), (15, 0)], (-0.1, 0)),
    ],
)
def test_the_image_ends_where_the_convention_says(convention, inside, outside):
    options = dict(zip(("origin", "order"), convention, strict=True))
    assert polygons_to_mask([inside], SHAPE, **options).any()
    with pytest.raises(ValueError, match=r"Expected points within .* Received"):
        polygons_to_mask([[*inside, outside]], SHAPE, **options)


@pytest.mark.parametrize("options", [{"origin": "centre"}, {"order": "yx"}])
def test_conventions_of_another_name(options):
    for call in (lambda: contours([[1]], **options), lambda: polygons_to_mask([], (1, 1), **options)):
        with pytest.raises(ValueError, match="to be one of"):
            call()


def test_a_ring_with_an_island():
    mask = np.zeros((9, 11), np.uint8)
    mask[1:8, 2:9] = 255
    mask[2:7, 3:8] = 0
    mask[4, 5] = 255
    found = contours(mask)
    assert sorted(map(is_hole, found)) == [False, False, True]
    np.testing.assert_array_equal(polygons_to_mask(found, mask.shape), mask // 255)
    (hole,) = (contour for contour in found if is_hole(contour))
    assert not polygons_to_mask([hole[::-1]], mask.shape)[mask == 255].sum() > 1  # the island alone lies inside


def test_rings_inside_rings_both_ways():
    rows, columns = np.mgrid[:21, :23]
    depth = np.minimum(np.minimum(rows, 20 - rows), np.minimum(columns, 22 - columns))
    mask = depth // 2 % 2 == 1  # an island in a hole of an island in a hole
    found = contours(mask)
    assert sorted(map(is_hole, found)) == [False, False, False, True, True]
    np.testing.assert_array_equal(polygons_to_mask(found, mask.shape), mask)
    again = contours(polygons_to_mask(found[::-1], mask.shape))
    for before, after in zip(found, again, strict=True):
        np.testing.assert_array_equal(before, after)


def test_masks_without_and_with_all_pixels():
    assert contours(np.zeros((3, 4))) == []
    assert not polygons_to_mask([], (3, 4)).any()
    (border,) = contours(np.ones((3, 4)))
    assert border.min() == -0.5
    assert border.max(axis=0).tolist() == [2.5, 3.5]
    assert polygons_to_mask([border], (3, 4)).all()


@given(stars(), st.booleans(), st.booleans())
def test_fills_one_polygon_like_scikit_image_whichever_way_it_runs(star, reverse, close):
    drawn = np.concatenate([star, star[:1]]) if close else star
    filled = polygons_to_mask([drawn[::-1] if reverse else drawn], SHAPE)
    np.testing.assert_array_equal(filled, polygon2mask(SHAPE, star))


@given(stars(), stars())
def test_polygons_that_run_the_same_way_are_united(one, other):
    separate = polygons_to_mask([one], SHAPE) | polygons_to_mask([other], SHAPE)
    np.testing.assert_array_equal(polygons_to_mask([one, other], SHAPE), separate)


@given(stars())
def test_a_polygon_that_runs_the_other_way_is_cut_out(star):
    frame = np.array([(-0.5, -0.5), (-0.5, 14.5), (11.5, 14.5), (11.5, -0.5)])
    frame = frame if is_hole(frame) != is_hole(star) else frame[::-1]
    np.testing.assert_array_equal(polygons_to_mask([frame, star], SHAPE), 1 - polygons_to_mask([star], SHAPE))


@given(st.tuples(st.integers(0, 40), st.integers(0, 50)), st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_polygons_that_share_edges_share_no_pixel_and_leave_none_out(centre, rotation):
    corners = np.array([(-0.5, -0.5), (-0.5, 14.5), (11.5, 14.5), (11.5, -0.5)])
    middle = np.clip(np.array(centre) / 4, 0, (11, 14))  # quarters hit pixel centres often
    triangles = [np.roll([corners[i], corners[(i + 1) % 4], middle], turn, axis=0) for i, turn in enumerate(rotation)]
    cover = sum(polygons_to_mask([triangle], SHAPE).astype(int) for triangle in triangles)
    assert (cover == 1).all()


def test_a_rectangle_on_pixel_centres_has_as_many_pixels_as_its_area():
    assert polygons_to_mask([[(1, 2), (1, 7), (5, 7), (5, 2)]], SHAPE).sum() == 4 * 5


@pytest.mark.parametrize(
    ("polygons", "message"),
    [
        ([[(0, 0), (0, 2)]], "at least three points.*index 0"),
        ([(0, 0), (0, 2), (2, 2)], "single polygon in a list"),
        ([[(0, 0), (0, 2), (2, 2)], [0.0, 1.0, 2.0, 3.0]], "at index 1.*from_coco_segmentation"),
        ([[(0, 0), (0, 2), (2,)]], "at least three"),
        ([np.zeros((3, 3))], "at least three"),
        ([np.zeros((1, 3, 2))], "at least three"),
        ([[(0, 0), (0, np.nan), (2, 2)]], r"finite coordinates\. Received \[0.0, nan\]"),
        ([[(0, 0), (0, 14.6), (2, 2)]], r"rows -0.5 to 11.5 and columns -0.5 to 14.5\. Received \[0.0, 14.6\]"),
        ([[(0, 0), (13, 2), (2, 2)]], r"order='row_column' are not \(x, y\): pass the other order"),
        ([[(0, 0), (-0.6, 2), (2, 2)]], "Received"),
    ],
)
def test_polygons_that_cannot_be_filled(polygons, message):
    with pytest.raises(ValueError, match=message):
        polygons_to_mask(polygons, SHAPE)


@pytest.mark.parametrize("polygon", ["abc", [("0", "0"), ("0", "2"), ("2", "2")], np.full((3, 2), 1j)])
def test_polygons_must_be_numbers(polygon):
    with pytest.raises(TypeError, match=r"Expected polygons of numbers\. Received dtype .* at index 0"):
        polygons_to_mask([polygon], SHAPE)


def test_polygons_must_come_in_a_list():
    with pytest.raises(TypeError, match=r"list of arrays \(n, 2\)\. Received None\. Pass \[\]"):
        polygons_to_mask(None, SHAPE)


def test_volumes_have_no_contours():
    with pytest.raises(ValueError, match="one slice or image at a time"):
        contours(np.ones((2, 3, 4)))
