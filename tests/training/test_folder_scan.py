"""What one pass over all pairs finds, and refuses."""

import numpy as np
import pytest
from PIL import Image

from resunet_kit.training._folder_scan import labels_in, total_counts
from tests.training.folders import scanned, write_discs


def test_shapes_types_labels_and_copies_are_found(tmp_path):
    folders = write_discs(tmp_path, 3, size=(32, 48))
    Image.open(folders[0] / "slide_00.png").save(folders[0] / "slide_01.png")
    pairs = scanned(folders)
    assert {pair.shape for pair in pairs} == {(32, 48)}
    assert all(pair.is_8bit and pair.channels == 1 for pair in pairs)
    assert labels_in(total_counts(pairs)) == [0, 255]
    assert total_counts(pairs).sum() == 3 * 32 * 48
    assert pairs[0].digest == pairs[1].digest != pairs[2].digest


def test_a_full_opacity_is_told_from_a_channel(tmp_path):
    folders = write_discs(tmp_path, 2, channels=3)
    for path, opacity in zip(sorted(folders[0].iterdir()), (255, 40), strict=True):
        image = Image.open(path)
        image.putalpha(opacity)
        image.save(path)
    assert [pair.has_full_opacity for pair in scanned(folders)] == [True, False]


def test_every_unusable_pair_is_named(tmp_path):
    folders = write_discs(tmp_path, 4)
    (folders[0] / "slide_01.png").write_bytes(b"no image")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folders[1] / "slide_02.png")
    with pytest.raises(ValueError, match=r"(?s)2 of 4 .*slide_01.png.*slide_02.png"):
        scanned(folders)


def test_one_unusable_pair_keeps_its_reason(tmp_path):
    folders = write_discs(tmp_path, 2)
    values = np.ones((32, 32), np.float32)
    values[3, 3] = np.nan
    np.save(folders[0] / "slide_01.npy", values)
    (folders[0] / "slide_01.png").unlink()
    with pytest.raises(ValueError, match=r"slide_01.npy.*NaN at 1 of 1024.*nan=0"):
        scanned(folders)


def test_volumes_are_refused_with_what_to_do(tmp_path):
    folders = write_discs(tmp_path, 1)
    for folder in folders:
        np.save(folder / "slide_00.npy", np.zeros((3, 8, 8, 1), np.uint8))
        (folder / "slide_00.png").unlink()
    with pytest.raises(ValueError, match=r"a volume of 3x8x8 .*slices"):
        scanned(folders)
