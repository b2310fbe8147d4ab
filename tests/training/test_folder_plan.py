"""Choices made from the files, each with a sentence."""

import numpy as np
import pytest
from PIL import Image

from resunet_kit.training._folder_plan import LARGEST
from tests.training.folders import planned, write_discs


def said(plan, word: str) -> str:
    [sentence] = [sentence for sentence in plan.sentences if sentence.startswith(word)]
    return sentence


def test_images_of_8_bits_stay_in_the_unit_interval(tmp_path):
    plan = planned(write_discs(tmp_path, 6, channels=3))
    assert plan.reading["normalize"] is None
    assert (plan.num_classes, plan.image_size, plan.network_channels) == (1, (32, 32), 3)
    assert "255" in said(plan, "Intensities")


def test_other_images_get_the_statistics_of_the_training_part_alone(tmp_path):
    folders = write_discs(tmp_path, 9, dtype="uint16")
    plan = planned(folders)
    images, _ = plan.part("train")
    stored = np.stack([np.asarray(Image.open(path)) for path in images]) / 65535
    [mean], [std] = plan.reading["normalize"]
    assert mean == pytest.approx(stored.mean(), rel=1e-6)
    assert std == pytest.approx(stored.std(), rel=1e-6)


def test_grey_among_colours_becomes_colours_and_a_full_opacity_is_left_out(tmp_path):
    folders = write_discs(tmp_path / "mixed", 4, channels=3)
    grey = folders[0] / "slide_01.png"
    Image.open(grey).convert("L").save(grey)
    assert planned(folders).reading["channels"] == 3
    folders = write_discs(tmp_path / "opacity", 4, channels=3)
    for path in folders[0].iterdir():
        Image.open(path).convert("RGBA").save(path)
    assert planned(folders).network_channels == 3


@pytest.mark.parametrize(
    ("size", "expected"), [((30, 47), (32, 48)), ((20, 20), (32, 32)), ((1200, 600), (LARGEST, LARGEST // 2))]
)
def test_the_size_is_a_multiple_of_the_stride_and_bounded(tmp_path, size, expected):
    plan = planned(write_discs(tmp_path, 3, size=size))
    assert plan.image_size == expected
    assert "resized" in said(plan, "Size")
    assert planned((tmp_path / "images", tmp_path / "masks"), image_size=40).image_size == (40, 40)


def test_copies_stay_in_one_part(tmp_path):
    folders = write_discs(tmp_path, 6)
    for folder in folders:
        for number in (1, 2, 3):
            Image.open(folder / "slide_00.png").save(folder / f"slide_{number:02}.png")
    plan = planned(folders)
    assert len({plan.part_of[index] for index in range(4)}) == 1
    assert "3 groups" in said(plan, "Copies")


def test_what_cannot_be_decided_is_refused(tmp_path):
    folders = write_discs(tmp_path, 3)
    with pytest.raises(ValueError, match="normalize='volume'"):
        planned(folders, normalize="volume")
    np.save(folders[0] / "slide_01.npy", np.zeros((32, 32, 5), np.uint8))
    (folders[0] / "slide_01.png").unlink()
    with pytest.raises(ValueError, match=r"one number of channels.*slide_01.npy"):
        planned(folders)
