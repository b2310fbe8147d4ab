import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from resunet_kit.data import find_leaks, split_by_group
from tests.containers.arrays import npy
from tests.containers.png import png
from tests.containers.tiff import tiff


@given(st.lists(st.integers(0, 6), min_size=6, max_size=30), st.integers(0, 99))
def test_splits_by_group_do_not_leak_and_splits_by_sample_do(groups, seed):
    if len(set(groups)) < 2:
        groups = [*groups, 7, 8]
    parts = split_by_group(groups, [0.5, 0.5], seed=seed)
    assert not find_leaks(parts, groups=groups)
    order = np.random.default_rng(seed).permutation(len(groups))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    expected = {groups[i] for i in halves[0]} & {groups[i] for i in halves[1]}
    leaks = find_leaks(halves, groups=groups)
    assert set(leaks.groups.get(("0", "1"), [])) == expected
    assert bool(leaks) == bool(expected)


def test_samples_in_two_parts_are_found_by_index_or_mask():
    leaks = find_leaks({"train": [0, 1, 2], "validation": [3], "test": [2, 1, 4]})
    assert leaks.samples == {("train", "test"): [1, 2]}
    assert str(leaks) == "2 samples in both train and test: 1, 2"
    masks = np.array([1, 1, 0], bool), np.array([0, 1, 1], bool)
    assert find_leaks(masks, groups="abc").samples == {("0", "1"): [1]}
    assert str(find_leaks([[0], [1]])) == "nothing leaks"


def test_identical_images_are_found_under_other_names_and_formats(tmp_path):
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 255, (5, 6, 3), dtype=np.uint8)
    other = pixels.copy()
    other[0, 0, 0] ^= 1  # one bit
    paths = []
    for number, (array, suffix) in enumerate([(pixels, ".png"), (other, ".png"), (pixels, ".tif"), (pixels, ".npy")]):
        paths.append(tmp_path / f"{number}{suffix}")
        np.save(paths[-1], array) if suffix == ".npy" else Image.fromarray(array).save(paths[-1])
    for number in (4, 5):  # empty slices are the same in every patient
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(np.zeros((5, 6), np.uint8)).save(paths[-1])
    leaks = find_leaks({"train": [0, 1, 4], "test": [2, 3, 5]}, image_paths=paths)
    assert leaks.images == {("train", "test"): [(0, 2), (0, 3)]}
    assert not find_leaks({"train": [0, 2, 3, 4], "test": [1, 5]}, image_paths=paths)


def test_an_image_is_found_in_other_bits_colours_palettes_and_polarity(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (5, 6, 1), dtype=np.uint8)
    rgb, full = np.repeat(grey, 3, axis=-1), np.full_like(grey, 255)
    order = np.random.default_rng(1).permutation(256).astype(np.uint8)
    palette = np.empty((256, 3))
    palette[order] = np.arange(256)[:, None] / 255
    copies = [
        png(grey, 8, 0), png(grey.astype(np.uint16) * 257, 16, 0), png(rgb, 8, 2),
        png(order[grey], 8, 3, palette=palette), png(np.concatenate([rgb, full], axis=-1), 8, 6),
        tiff(255 - grey, 8, photometric=0), tiff(grey, 8, rotation=6), npy((grey / 255).astype(np.float32)),
        npy(grey, fortran=True),
    ]  # fmt: skip
    constant = np.tile(np.uint8([1, 2, 3]), (5, 6, 1))
    paths = []
    for container in [*copies, png(grey ^ 1, 8, 0), png(constant, 8, 2), png(constant, 8, 2)]:
        paths.append(tmp_path / f"{len(paths)}{container.suffix}")
        paths[-1].write_bytes(container.data)
    count = len(copies)
    leaks = find_leaks([[0, count + 1], [*range(1, count + 1), count + 2]], image_paths=paths)
    assert leaks.images == {("0", "1"): [(0, other) for other in range(1, count)]}


@pytest.mark.parametrize(
    ("parts", "options", "message"),
    [
        ([[0, 1]], {}, "at least two parts"),
        ([[0, 1], [2]], {"groups": "ab"}, "part 1 to hold indices from 0 to 1"),
        ([[-1], [2]], {}, "part 0 to hold indices of at least 0"),
        ([[[0]], [2]], {}, r"shape \(n,\)"),
        ([[True], [False]], {"groups": "ab"}, "mask over all 2 samples"),
        ([[0], [1]], {"groups": "ab", "image_paths": ["absent.png"]}, "do not exist"),
    ],
)
def test_bad_input_is_refused(parts, options, message):
    options = {name: list(value) for name, value in options.items()}
    with pytest.raises(ValueError, match=message):
        find_leaks([np.array(part) for part in parts], **options)


def test_other_indices_and_damaged_files_are_refused(tmp_path):
    with pytest.raises(TypeError, match="integer indices"):
        find_leaks([[0.5], [1]])
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"a\.png"):
        find_leaks([[0], [1]], image_paths=[tmp_path / "a.png"] * 2)
    with pytest.raises(ValueError, match="None or NaN"):  # NaN is not NaN: no leak would be found
        find_leaks([[0], [1]], groups=[float("nan")] * 2)
    with pytest.raises(ValueError, match=r"groups .* shape \(2,\)\. Received shape \(3,\)"):
        find_leaks([[0], [1]], groups=["a", "b", "c"], image_paths=[tmp_path / "a.png"] * 2)
