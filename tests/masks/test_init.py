"""What holds for every function of the package."""

import dataclasses
import inspect
import subprocess
import sys

import numpy as np
import pytest

from resunet_kit import masks

RING = np.array([[0, 0, 0, 0, 1], [0, 1, 1, 1, 0], [0, 1, 0, 1, 0], [0, 1, 1, 1, 0]], np.uint8)
VOLUME = np.stack([RING, RING.T[:4, [0, 1, 2, 3, 0]], RING])
SQUARE = np.array([[0.0, 0.0], [0.0, 3.0], [2.0, 3.0]])
PROBABILITIES = np.linspace(0, 1, 60).reshape(4, 5, 3)

# Every public function with arguments for it: a function that is missing here fails the first test.
CALLS = {
    "area": [(RING,), (VOLUME,)],
    "bounding_box": [(RING,), (VOLUME,)],
    "contours": [(RING,)],
    "fill_holes": [(RING,), (VOLUME,)],
    "from_coco_rle": [({"size": [4, 5], "counts": np.array([3, 4, 13])},), ({"size": [4, 5], "counts": b"3445"},)],
    "from_coco_segmentation": [
        ([SQUARE.ravel()], (4, 5)),
        ({"size": [4, 5], "counts": np.array([3, 4, 13])}, (4, 5)),
    ],
    "from_rle": [("2 3", (4, 5))],
    "hysteresis": [(PROBABILITIES, 0.2, 0.6), (PROBABILITIES[..., 0], 0.2, 0.6)],
    "is_hole": [(SQUARE,)],
    "largest_component": [(RING,), (VOLUME,)],
    "one_hot": [(RING, 2), (VOLUME, 2)],
    "overlay": [(PROBABILITIES, RING), (RING, RING)],
    "polygons_to_mask": [([SQUARE], (4, 5))],
    "regions": [(RING,), (VOLUME,)],
    "remove_small": [(RING, 2), (VOLUME, 2)],
    "signed_distance_map": [(RING,), (VOLUME,)],
    "to_coco_annotations": [(RING,), (RING * 2,)],
    "to_coco_rle": [(RING,)],
    "to_labels": [(PROBABILITIES,), (PROBABILITIES[..., :1],)],
    "to_rle": [(RING,)],
}
EACH = [pytest.param(name, arguments, id=f"{name}-{i}") for name in CALLS for i, arguments in enumerate(CALLS[name])]
# Where the first argument is a mask of foreground and background, and the only array.
OF_LABELS = {"to_coco_annotations"}
OF_A_MASK = [
    pytest.param(name, arguments, id=f"{name}-{i}")
    for name in CALLS
    for i, arguments in enumerate(CALLS[name])
    if next(iter(inspect.signature(getattr(masks, name)).parameters)) == "mask" and name not in OF_LABELS
]


def arrays_of(value):
    """Return the arrays inside nested containers."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        return arrays_of(list(value.values()))
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in arrays_of(item)]
    return []


def with_arrays(value, change):
    """Return the nested containers with every array changed."""
    if isinstance(value, np.ndarray):
        return change(value)
    if isinstance(value, dict):
        return {key: with_arrays(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(with_arrays(item, change) for item in value)
    return value


def locked(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def test_every_public_function_is_called_here():
    functions = {name for name in masks.__all__ if inspect.isfunction(getattr(masks, name))}
    assert functions == set(CALLS)
    assert set(masks.__all__) - functions == {"PostProcess", "Region", "Tuning"}


@pytest.mark.parametrize(("name", "arguments"), EACH)
def test_nothing_modifies_its_input_or_hands_it_back(name, arguments):
    given = with_arrays(arguments, locked)  # writing to it raises
    result = getattr(masks, name)(*given)
    for before, after in zip(arrays_of(arguments), arrays_of(given), strict=True):
        np.testing.assert_array_equal(before, after)
        assert not any(np.shares_memory(after, output) for output in arrays_of(result))
    for output in arrays_of(result):
        assert output.flags.writeable


@pytest.mark.parametrize("image", [PROBABILITIES, PROBABILITIES[..., 0], np.asfortranarray(PROBABILITIES[::-1])])
def test_post_processing_and_its_tuning_modify_no_input(image):
    images, truths = [locked(image), locked(image)], [locked(image > 0.7), locked(image > 0.2)]
    before = [array.copy() for array in images + truths]
    options = {"threshold": 0.6, "low_threshold": 0.3, "max_hole": None, "min_size": 2, "keep_largest": 1}
    mask = masks.PostProcess(**options)(images[0])
    assert mask.flags.writeable
    assert not np.shares_memory(mask, images[0])
    masks.PostProcess.tune(images, truths, threshold=[0.3, 0.6], low_threshold=[None, 0.2], min_size=[0, 3])
    for array, copy in zip(images + truths, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(("name", "arguments"), OF_A_MASK)
def test_masks_mean_the_same_in_every_spelling_and_memory_order(name, arguments):
    function, (mask, *rest) = getattr(masks, name), arguments
    expected = function(mask, *rest)
    spellings = [mask.astype(bool), mask * 255, mask.astype(np.float32), np.asfortranarray(mask), mask.tolist()]
    for spelling in [*spellings, np.repeat(mask.astype(bool), 2, axis=0)[::2]]:
        np.testing.assert_equal(function(spelling, *rest), expected)


@pytest.mark.parametrize(("name", "arguments"), OF_A_MASK)
def test_masks_of_other_values_are_refused_with_the_values_named(name, arguments):
    with pytest.raises(
        ValueError, match=r"Expected mask of booleans, 0/1 or 0/255. Received the values 0, 7. Threshold probabilities"
    ):
        getattr(masks, name)(arguments[0] * 7, *arguments[1:])


ODD = {
    "soft": np.array([[0, 0.5], [1, 1]]),
    "labels": np.array([[0, 2], [2, 0]]),
    "negative": np.array([[0, -1], [-1, 0]]),
    "one and 255": np.array([[0, 1], [255, 0]]),
    "256": np.array([[0, 256], [0, 0]], np.uint16),  # 0 as uint8
    "257": np.array([[0, 257], [0, 0]], np.int64),  # 1 as uint8
    "NaN": np.array([[0, np.nan], [1, 1]]),
    "infinite": np.array([[0, np.inf], [1, 1]]),
    "nearly one": np.array([[0, 1 - 1e-7], [1, 1]]),
    "hidden": np.ma.masked_equal([[0, 1], [1, 1]], 0),
    "ragged": [[0, 1], [1]],
    "text": [["0", "1"]],
    "objects": np.array([[0, None]]),
    "complex": np.array([[0, 1j]]),
    "one axis": [0, 1, 1],
    "four axes": np.ones((1, 2, 2, 1)),
    "a number": 1,
    "nothing": None,
    "no pixel": np.zeros((0, 3)),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(("name", "arguments"), OF_A_MASK)
def test_no_odd_mask_is_taken_in_silence(name, arguments, odd):
    with pytest.raises((ValueError, TypeError), match=r"^Expected .*\. Received .*\. "):
        getattr(masks, name)(ODD[odd], *arguments[1:])


def plain(value):
    """Return whether a value outside of arrays is made of Python's own types."""
    if dataclasses.is_dataclass(value):
        return plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return all(map(plain, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(plain, value))
    return type(value) in (int, float, str, bytes, bool, slice, type(None), np.ndarray)


@pytest.mark.parametrize(("name", "arguments"), EACH)
def test_numbers_outside_of_arrays_are_of_python(name, arguments):
    assert plain(getattr(masks, name)(*arguments))
    assert not plain([np.float64(1)])


def test_importing_loads_neither_a_framework_nor_scikit_image():
    check = (
        "import sys; import resunet_kit.masks; heavy = {'tensorflow', 'keras', 'jax', 'torch', 'skimage', 'scipy'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
