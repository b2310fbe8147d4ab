import pytest

from resunet_kit.data.pairing.affixes import Affixes
from resunet_kit.data.pairing.separation import separated

BOTH = [f"d/{index}{end}.tif" for index in range(3) for end in ("", "_mask")]
MASKS = BOTH[1::2]


def stems(images, masks, affixes=None):
    return [[name.stem for name in part] for part in separated(images, masks, affixes)]


@pytest.mark.parametrize(
    ("images", "masks", "affixes"),
    [
        (BOTH, MASKS, None),
        (BOTH[::2], BOTH, None),
        (BOTH, BOTH, None),
        (BOTH, BOTH, (Affixes(), Affixes("", "_mask"))),
        (BOTH[::2], MASKS, None),
    ],
)
def test_files_of_both_lists_go_into_one(images, masks, affixes):
    assert stems(images, masks, affixes) == [["0", "1", "2"], ["0_mask", "1_mask", "2_mask"]]


def test_affixes_of_images_tell_too():
    both = ["d/1_image.png", "d/1.png", "d/2_image.png", "d/2.png"]
    assert stems(both, both, (Affixes("", "_image"), Affixes())) == [["1_image", "2_image"], ["1", "2"]]


@pytest.mark.parametrize("both", [["d/1.png", "d/2.png"], ["d/1.png", "d/1_a.png", "d/2.png", "d/2_a.png"],
                                  ["d/1_seg.png", "d/2_seg.png", "d/1_label.png", "d/2_label.png"]])  # fmt: skip
def test_names_that_do_not_tell_are_refused(both):
    with pytest.raises(ValueError, match="mask_suffix"):
        separated(both, both, None)
