"""Image and mask move as one, and what `Augment` promises of seeds, dtypes, batches and options."""

import copy
import hashlib
import inspect
import json
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resunet_kit.data import Augment, pairs_dataset

GEOMETRIC = {
    "flip": True,
    "rotate90": True,
    "rotation": 40,
    "zoom": 0.2,
    "shift": 0.2,
    "shear": 0.2,
    "elastic": 1.0,
}
INTENSITY = {
    "brightness": 0.2,
    "contrast": 0.3,
    "gamma": 0.3,
    "noise": 0.1,
    "blur": 1.0,
    "bias_field": 0.3,
    "cutout": 0.4,
}
EVERYTHING = GEOMETRIC | INTENSITY
SEEDS = st.integers(0, 2**31)
FILLS = st.sampled_from([0.0, "edge", "reflect"])
some_geometry = st.sets(st.sampled_from(sorted(GEOMETRIC)), min_size=1).map(
    lambda names: {name: GEOMETRIC[name] for name in sorted(names)}
)


def pair(shape=(24, 20), channels=3, batch=3, seed=0):
    generator = np.random.default_rng(seed)
    images = generator.random((batch, *shape, channels), dtype=np.float32)
    return images, generator.integers(0, 4, (batch, *shape, 1), dtype=np.uint8)


def boxes(*shape):
    """A mask of three boxes, each of another class."""
    mask = np.zeros(shape, np.uint8)
    for label, (low, high) in enumerate([(0.0, 0.35), (0.4, 0.6), (0.7, 0.95)], start=1):
        mask[tuple(slice(int(low * size), int(high * size)) for size in shape)] = label
    return mask


# --- Image and mask --------------------------------------------------------------------------------------------------


@settings(max_examples=80)
@given(some_geometry, SEEDS, FILLS, st.sampled_from([(21, 21), (33, 48), (1, 9), (12, 16, 14)]), st.booleans())
@example({"elastic": 1.0, "shift": 0.2}, 2, 0.0, (12, 16, 14), True)  # a voxel that comes from a corner's outside
def test_image_and_mask_come_from_the_same_positions(options, seed, fill, shape, structured):
    """Linear interpolation gives the nearest of the `2**n` neighbours a weight of at least `2**-n`.

    So a pixel of the mask with a label has that weight in the image made from the label, and where all neighbours have
    one label, both agree exactly. This holds for every field. That the image thresholded at one half is the mask but
    for one pixel at its boundary does not: corners of thin structures may differ by more.
    """
    mask = boxes(*shape) if structured else np.random.default_rng(seed).integers(0, 4, shape, np.uint8)
    image = np.stack([mask == label for label in range(1, 4)], axis=-1)
    moved_image, moved_mask = Augment(**options, fill=fill, ndim=len(shape))(image, mask, seed=seed)
    smallest = 0.5 ** len(shape) - 1e-4  # float32 coordinates round
    for label in range(1, 4):
        weight, inside = moved_image[..., label - 1], moved_mask == label
        assert weight[inside].min(initial=1) >= smallest
        assert weight[~inside].max(initial=0) <= 1 - smallest


@pytest.mark.parametrize("fill", [0.0, "edge", "reflect"])
@given(SEEDS, st.sampled_from(["uint8", "int16", "uint16", "int32", "int64", "bool", "float32"]))
@settings(max_examples=8)
def test_labels_and_mask_dtype_never_change(fill, seed, dtype):
    images, masks = pair(batch=1)
    largest = 2**53 + 1 if dtype == "int64" else 40000 if dtype in ("uint16", "int32") else 255
    masks = np.array([3, 8, 13, largest]).astype(dtype)[masks]
    _, moved = Augment(**EVERYTHING, fill=fill)(images, masks, seed=seed)
    assert moved.dtype == masks.dtype
    outside = {0} if fill == 0 else set()
    assert set(np.unique(moved)) <= set(np.unique(masks)) | outside


def test_mask_fill_is_what_comes_in_from_outside():
    images, masks = np.ones((1, 16, 16, 1)), np.ones((1, 16, 16), np.uint8)
    moved_images, moved_masks = Augment(shift=(0.25, 0.25), fill=0.5, mask_fill=255)(images, masks, seed=0)
    expected = np.full((16, 16), 255)
    expected[4:, 4:] = 1
    assert np.array_equal(moved_masks[0], expected)
    assert np.array_equal(moved_images[0, ..., 0], np.where(expected == 1, 1, 0.5))


def test_intensities_leave_the_mask_alone():
    images, masks = pair()
    moved_images, moved_masks = Augment(**INTENSITY)(images, masks, seed=0)
    assert np.array_equal(moved_masks, masks)
    assert (np.abs(moved_images - images).max(axis=(1, 2, 3)) > 0.1).all()


# --- What each movement means ----------------------------------------------------------------------------------------


def moved(image, **options):
    """One image of one channel, moved by fixed strengths."""
    return Augment(**options, ndim=image.ndim)(image[..., None], image, seed=0)[0][..., 0]


def test_directions():
    image = np.random.default_rng(0).random((12, 12), np.float32)
    np.testing.assert_allclose(moved(image, rotation=(90, 90)), np.rot90(image), atol=1e-5)
    shifted = np.zeros_like(image)
    shifted[3:, 3:] = image[:-3, :-3]
    np.testing.assert_array_equal(moved(image, shift=(0.25, 0.25)), shifted)
    np.testing.assert_allclose(moved(image, zoom=(3, 3))[1::3, 1::3], image[4:8, 4:8], atol=1e-6)
    # The shear acts on rows: one column to the right of the centre, all moves down by one pixel.
    np.testing.assert_allclose(moved(image[:11, :11], shear=(1, 1))[:, 5], image[:11, 5], atol=1e-6)
    np.testing.assert_allclose(moved(image[:11, :11], shear=(1, 1))[1:, 6], image[:10, 6], atol=1e-6)


def test_rotation_is_true_in_space():
    """A round spot 8 mm right of the centre is as round 8 mm above it: 4 pixels of 2 mm."""
    rows, columns = np.ogrid[:33, :65]
    image = np.exp(-(((rows - 16) * 2) ** 2 + (columns - 32 - 8) ** 2) / 50)
    expected = np.exp(-(((rows - 16 + 4) * 2) ** 2 + (columns - 32) ** 2) / 50)
    np.testing.assert_allclose(moved(image, rotation=(90, 90), spacing=(2, 1)), expected, atol=0.02)
    assert np.abs(moved(image, rotation=(90, 90)) - expected).max() > 0.5


def test_flips_and_rotations_by_90_degrees_are_exact_and_give_all_eight_orientations():
    images, masks = pair((9, 9), batch=100)
    varied, labels = Augment(flip=True, rotate90=True)(images, masks, seed=0)
    seen = set()
    for image, mask, before, truth in zip(varied, labels, images, masks, strict=True):
        options = [(k, flip) for k in range(4) for flip in (False, True)]
        [found] = [o for o in options if np.array_equal(image, np.rot90(before[::-1] if o[1] else before, o[0]))]
        assert np.array_equal(mask, np.rot90(truth[::-1] if found[1] else truth, found[0]))
        seen.add(found)
    assert len(seen) == 8


def test_named_flips_touch_their_axes_only():
    images, masks = pair()
    varied, _ = Augment(flip="horizontal", probabilities={"flip": 1})(images, masks, seed=0)
    assert np.array_equal(varied, images[:, :, ::-1])
    varied, _ = Augment(flip=("horizontal", "vertical"), probabilities={"flip": 1})(images, masks, seed=0)
    assert np.array_equal(varied, images[:, ::-1, ::-1])
    assert np.array_equal(Augment(flip=1.0)(images, masks, seed=0)[0], varied)


def test_images_that_are_not_square_rotate_by_180_degrees():
    images, masks = pair((6, 9), batch=30)
    varied, _ = Augment(rotate90=True)(images, masks, seed=0)
    rotated = [np.array_equal(a, b[::-1, ::-1]) for a, b in zip(varied, images, strict=True)]
    unchanged = [np.array_equal(a, b) for a, b in zip(varied, images, strict=True)]
    assert all(a != b for a, b in zip(rotated, unchanged, strict=True))
    assert 5 < sum(rotated) < 25


def test_in_plane_moves_no_slice_into_another():
    volume = np.broadcast_to(np.arange(1, 6)[:, None, None], (5, 20, 20)).astype(np.uint8)
    options = GEOMETRIC | {"zoom": (1.0, 1.2), "shift": 0}
    image, mask = Augment(**options, fill="edge", ndim=3, in_plane=True)(volume[..., None], volume, seed=3)
    assert np.array_equal(mask, volume)
    np.testing.assert_allclose(image[..., 0], volume, atol=1e-5)
    assert not np.array_equal(Augment(**options, ndim=3)(volume[..., None], volume, seed=3)[1], volume)


# --- Identity, seeds, batches ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        dict.fromkeys(EVERYTHING, 0) | {"rotate90": False},
        {"rotation": (0, 0), "zoom": (1, 1), "gamma": (1, 1)},
        EVERYTHING | {"probabilities": dict.fromkeys(EVERYTHING, 0)},
    ],
)
def test_zero_strength_is_the_identity(options):
    images, masks = pair()
    images = images * 5 - 2  # z-scored images are not limited to [0, 1]
    varied, labels = Augment(**options)(images, masks, seed=0)
    assert np.array_equal(varied, images)
    assert np.array_equal(labels, masks)
    assert not np.shares_memory(varied, images)
    assert not np.shares_memory(labels, masks)


@given(SEEDS)
@settings(max_examples=10)
def test_the_seed_sets_the_result_and_the_input_stays_unchanged(seed):
    images, masks = pair()
    copies = images.copy(), masks.copy()
    first, second, other = (Augment(**EVERYTHING)(images, masks, seed=s) for s in (seed, seed, seed + 1))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0][0], first[0][1])
    assert np.array_equal(images, copies[0])
    assert np.array_equal(masks, copies[1])


def test_without_a_seed_numpys_global_state_counts():
    augment, (images, masks) = Augment(shift=0.5), pair()

    def seeded():
        np.random.seed(3)  # noqa: NPY002
        return augment(images, masks)[0], augment(images, masks)[0]

    first, second = seeded()
    assert not np.array_equal(first, second)
    assert np.array_equal(first, seeded()[0])


def test_an_image_does_not_depend_on_the_batch_or_on_other_options():
    images, masks = pair(batch=4)
    whole = Augment(**EVERYTHING)(images, masks, seed=5)
    part = Augment(**EVERYTHING)(images[:2], masks[:2], seed=5)
    single = Augment(**EVERYTHING)(images[0], masks[0], seed=5)
    assert np.array_equal(whole[0][:2], part[0])
    assert np.array_equal(part[0][0], single[0])
    assert np.array_equal(part[1][0], single[1])
    assert np.array_equal(Augment(**GEOMETRIC)(images, masks, seed=5)[1], whole[1])


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("classes", [None, 1, 4])
def test_shapes_and_dtypes(ndim, classes):
    shape = (8, 9, 10)[-ndim:]
    for lead in ((), (2,)):
        mask = np.zeros((*lead, *shape, *([] if classes is None else [classes])), np.int16)
        image, moved_mask = Augment(**EVERYTHING, ndim=ndim)(np.zeros((*lead, *shape, 2), np.float64), mask, seed=0)
        assert (image.shape, image.dtype) == ((*lead, *shape, 2), np.float32)
        assert (moved_mask.shape, moved_mask.dtype) == (mask.shape, np.int16)


def test_four_numbers_are_a_batch_or_a_volume_as_ndim_says():
    images, masks = np.random.default_rng(0).random((5, 8, 8, 1)), np.zeros((5, 8, 8), np.uint8)
    slices, _ = Augment(brightness=0.3, clip=None)(images, masks, seed=0)
    volume, _ = Augment(brightness=0.3, clip=None, ndim=3)(images, masks, seed=0)
    assert len(np.unique((slices - images).round(5))) == 5
    assert len(np.unique((volume - images).round(5))) == 1


def test_an_empty_batch_stays_empty():
    images, masks = Augment(**EVERYTHING)(np.zeros((0, 4, 4, 3)), np.zeros((0, 4, 4), bool), seed=0)
    assert images.shape == (0, 4, 4, 3)
    assert masks.shape == (0, 4, 4)


# --- Probabilities, limits, options ----------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.data(), SEEDS, st.sampled_from([(1, 1), (1, 9), (13, 2), (1, 1, 1), (4, 1, 7), (5, 6, 4)]))
def test_any_options_on_any_shape(data, seed, shape):
    """Images of any dtype in [0, 1] stay there, whatever acts on them, alone or in a batch; the input may be locked."""
    names = data.draw(st.sets(st.sampled_from(sorted(EVERYTHING)), min_size=1))
    chances = data.draw(st.fixed_dictionaries({name: st.sampled_from([0.3, 1.0]) for name in sorted(names)}))
    switches = data.draw(st.fixed_dictionaries({"per_channel": st.booleans(), "in_plane": st.booleans()}))
    options = {name: EVERYTHING[name] for name in sorted(names)} | switches | {"fill": data.draw(FILLS)}
    augment = Augment(**options, probabilities=chances, ndim=len(shape))
    dtype = data.draw(st.sampled_from(["bool", "float16", ">f4", "float64"]))
    channels = data.draw(st.sampled_from([1, 3, 17]))
    images = (np.random.default_rng(seed).random((2, *shape, channels)) > 0.5).astype(dtype)
    masks = np.random.default_rng(seed).choice(np.array([0, 1, 255], "uint8"), (2, *shape))
    images.flags.writeable = masks.flags.writeable = False
    varied, labels = augment(images, masks, seed=seed)
    assert varied.dtype == np.float32
    assert 0 <= varied.min() <= varied.max() <= 1
    assert set(np.unique(labels)) <= {0, 1, 255}
    again, alone = augment(images, masks, seed=seed), augment(images[0], masks[0], seed=seed)
    assert np.array_equal(varied, again[0])
    assert np.array_equal(varied[0], alone[0])
    assert np.array_equal(labels[0], alone[1])


def test_probabilities_are_fractions_of_images():
    images, masks = np.zeros((400, 4, 4, 1)), np.zeros((400, 4, 4))
    varied, _ = Augment(brightness=(0.5, 1), probabilities={"brightness": 0.3})(images, masks, seed=0)
    assert 0.22 < (varied[:, 0, 0, 0] > 0).mean() < 0.38


def test_clip():
    images, masks = pair()
    for options, low, high in (({}, 0, 1), ({"clip": (0.2, 0.4)}, 0.2, 0.4)):
        varied, _ = Augment(noise=(1, 1), **options)(images, masks, seed=0)
        assert (varied.min(), varied.max()) == (np.float32(low), np.float32(high))
    assert Augment(noise=(1, 1), clip=None)(images, masks, seed=0)[0].min() < -1
    assert Augment(noise=(1, 1))(images * 2, masks, seed=0)[0].max() > 2
    assert Augment(shift=0.5, fill=-1)(images, masks, seed=0)[0].min() == -1
    # Limits hold for every image, not only for those that something acted on.
    seldom = Augment(noise=1, probabilities={"noise": 0.5}, clip=(0.2, 0.4))
    varied, _ = seldom(*pair(batch=8), seed=0)
    assert (varied.min(), varied.max()) == (np.float32(0.2), np.float32(0.4))


def test_per_channel_draws_for_each_channel():
    images, masks = np.full((1, 4, 4, 3), 0.5), np.zeros((1, 4, 4))
    varied = [Augment(brightness=0.3, per_channel=each)(images, masks, seed=0)[0] for each in (False, True)]
    assert [len(np.unique(v)) for v in varied] == [1, 3]


def test_options_survive_json():
    augment = Augment(
        **EVERYTHING | {"noise": (np.float32(0.25), 1), "flip": ("depth", "vertical")},
        probabilities={"noise": 0.3},
        ndim=3,
        spacing=np.array([3, 1, 1]),
        fill="edge",
        clip=(0, 1),
    )
    again = Augment.from_config(json.loads(json.dumps(augment.get_config())))
    assert again == augment
    assert hash(again) == hash(augment)
    assert set(inspect.signature(Augment).parameters) <= set(augment.get_config())
    images, masks = pair((6, 8, 8), batch=1)
    assert np.array_equal(augment(images, masks, seed=1)[0], again(images, masks, seed=1)[0])


def test_copies_and_other_processes_give_the_same_bytes():
    augment, (images, masks) = Augment(**EVERYTHING, probabilities={"blur": 0.5}), pair()
    expected = b"".join(part.tobytes() for part in augment(images, masks, seed=7))
    for again in (pickle.loads(pickle.dumps(augment)), copy.deepcopy(augment), copy.copy(augment)):
        assert again == augment
        assert b"".join(part.tobytes() for part in again(images, masks, seed=7)) == expected
    code = (
        "import hashlib, pickle, sys; augment, pair = pickle.load(sys.stdin.buffer);"
        "print(hashlib.sha256(b''.join(part.tobytes() for part in augment(*pair, seed=7))).hexdigest())"
    )
    given = pickle.dumps((augment, (images, masks)))
    other = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, check=True)
    assert other.stdout.decode().strip() == hashlib.sha256(expected).hexdigest()


def test_one_number_as_spacing_is_that_of_all_axes():
    images, masks = pair()
    same = [Augment(rotation=30, spacing=spacing)(images, masks, seed=0)[0] for spacing in (None, 2.0, (2, 2))]
    assert np.array_equal(same[0], same[1])
    assert np.array_equal(same[0], same[2])


def test_repr_shows_what_differs_from_the_default():
    assert repr(Augment()) == "Augment()"
    assert repr(Augment(zoom=[1, 1.5], probabilities={"zoom": 1})) == (
        "Augment(zoom=(1, 1.5), probabilities={'zoom': 1.0})"
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"rotaton": 5}, TypeError, "rotaton"),
        ({"rotation": -5}, ValueError, r"Expected rotation to be a number of at least 0"),
        ({"probabilities": {"rotatoin": 1}}, ValueError, "Did you mean 'rotation'"),
        ({"ndim": 4}, ValueError, "3 for volumes"),
        ({"ndim": 2.0}, TypeError, "Expected ndim to be an integer"),
        ({"mask_fill": 2**64}, ValueError, "Expected mask_fill to be an integer in"),
        ({"spacing": (1, 1, 1)}, ValueError, "spacing"),
        ({"in_plane": 1}, TypeError, "Expected in_plane to be True or False"),
        ({"fill": "edges"}, ValueError, "Did you mean 'edge'"),
        ({"clip": "image"}, ValueError, "Expected clip"),
        ({"flip": "horizontl"}, ValueError, "Did you mean 'horizontal'"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        Augment(**options)


def test_bad_calls():
    images, masks = pair()
    with pytest.raises(ValueError, match=r"masks' dtype uint8\. Received mask_fill=300"):
        Augment(mask_fill=300)(images, masks)
    with pytest.raises(ValueError, match=r"Expected seed to be an integer of at least 0. Received seed="):
        Augment()(images, masks, seed=-1)
    with pytest.raises(TypeError, match=r"Expected seed to be an integer of at least 0. Received seed="):
        Augment()(images, masks, seed=0.5)
    with pytest.raises(ValueError, match="masks of shape"):
        Augment()(images, masks[:, :-1])


def test_it_varies_the_batches_of_pairs_dataset(tmp_path):
    generator = np.random.default_rng(0)
    paths = []
    for number in range(3):
        mask = (generator.random((16, 16)) > 0.5).astype(np.uint8)
        for end, array in (("", np.repeat(mask[..., None] * np.uint8(255), 3, axis=2)), ("_mask", mask)):
            np.save(tmp_path / f"{number}{end}.npy", array)
        paths.append(tmp_path / f"{number}.npy")
    masks = [path.with_name(f"{path.stem}_mask.npy") for path in paths]
    augment = Augment(flip=True, rotate90=True)
    dataset = pairs_dataset(paths, masks, batch_size=2, augment=augment, cache=True, seed=0)
    epochs = [[(x.numpy(), y.numpy()) for x, y in dataset] for _ in range(2)]
    for x, y in epochs[0] + epochs[1]:
        assert np.array_equal(x, np.repeat(y, 3, axis=-1))
    assert any(not np.array_equal(a[0], b[0]) for a, b in zip(*epochs, strict=True))


# --- Keras's own layers ----------------------------------------------------------------------------------------------

# What each of Keras 3.15 fails; all others of KERAS_CHECKS hold for it. docs/pages/guides/augmentation.md tells of it.
KERAS_FAILS = {
    "RandomFlip": {"mask dtype"},
    "RandomRotation": set(),
    "RandomZoom": set(),
    "RandomTranslation": set(),
    "RandomShear": set(),
    "RandomElasticTransform": {"aligned", "labels", "mask dtype"},
    "RandomBrightness": set(),
    "RandomContrast": {"identity"},
    "RandomGaussianBlur": set(),
    "RandomErasing": set(),
}


def keras_layer(name, strength=1.0, seed=3):
    """A layer of Keras on images in [0, 1]."""
    options = {
        "RandomFlip": {},
        "RandomRotation": {"factor": 0.1 * strength, "fill_mode": "constant"},
        "RandomZoom": {"height_factor": 0.2 * strength, "fill_mode": "constant"},
        "RandomTranslation": dict.fromkeys(["height_factor", "width_factor"], 0.2 * strength),
        "RandomShear": dict.fromkeys(["x_factor", "y_factor"], 0.2 * strength),
    }.get(name, {"factor": 0.5 * strength, "value_range": (0, 1)})
    return getattr(keras.layers, name)(**options, seed=seed)


def by_keras(name, images, masks, **options):
    """What Keras's layer makes of a pair."""
    outputs = keras_layer(name, **options)({"images": images, "segmentation_masks": masks}, training=True)
    return [np.array(keras.ops.convert_to_numpy(outputs[key])) for key in ("images", "segmentation_masks")]


def aligned_by_keras(name):
    """Whether the nearest pixel has the largest weight; float masks, for not all layers take others."""
    if name in ("RandomBrightness", "RandomContrast", "RandomGaussianBlur", "RandomErasing"):
        return True  # the mask stays, as with our intensities
    for seed in range(4):
        masks = (boxes(40, 40) > 0)[None, ..., None].astype(np.float32)
        image, mask = by_keras(name, masks, masks, seed=seed)
        if image[mask == 1].min(initial=1) < 0.249 or image[mask == 0].max(initial=0) > 0.751:
            return False
    return True


def labels_by_keras(name):
    masks = pair()[1].astype("int32") * 85
    return set(np.unique(by_keras(name, pair()[0], masks)[1])) <= {0, 85, 170, 255}


def dtype_by_keras(name):
    return by_keras(name, *pair())[1].dtype == np.uint8


def identity_by_keras(name):
    if name == "RandomFlip":
        return True  # it has no strength
    return np.array_equal(by_keras(name, *pair(), strength=0.0)[0], pair()[0])


def seed_by_keras(name):
    first, second = (by_keras(name, pair()[0], pair()[1].astype("float32")) for _ in range(2))
    return all(map(np.array_equal, first, second))


KERAS_CHECKS = {
    "aligned": aligned_by_keras,
    "labels": labels_by_keras,
    "mask dtype": dtype_by_keras,
    "identity": identity_by_keras,
    "seed": seed_by_keras,
}


@pytest.mark.skipif(not keras.__version__.startswith("3.15."), reason="says what Keras 3.15 does")
@pytest.mark.parametrize("name", KERAS_FAILS)
def test_what_keras_layers_pass(name):
    def holds(check):
        try:
            return check(name)
        except (TypeError, ValueError):
            return False

    assert {label for label, check in KERAS_CHECKS.items() if not holds(check)} == KERAS_FAILS[name]
    with pytest.raises(ValueError, match="rank"):
        by_keras(name, np.zeros((1, 4, 8, 8, 1), "float32"), np.zeros((1, 4, 8, 8, 1), "int32"))


def test_a_configuration_of_0_1_0_loads():
    config = {"quarter_turns": True, "probabilities": {"quarter_turns": 0.3}}  # renamed in 0.2.0
    assert Augment.from_config(config) == Augment(rotate90=True, probabilities={"rotate90": 0.3})
