import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.data import pair_by_name

SLICES = [f"p{patient}/s{index}" for patient in range(3) for index in range(3)]


def paired(images, masks, **options):
    return [*zip(*pair_by_name(images, masks, **options), strict=True)]


@pytest.mark.parametrize(
    ("image", "mask", "options"),
    [
        ("case_{}.png", "case_{}_mask.png", {}),
        ("images/{}.png", "masks/{}.tif", {}),
        ("img_{}.png", "label_{}.png", {}),
        ("img{}.png", "mask{}.png", {}),
        ("{}.nii.gz", "{}_seg.nii.gz", {}),
        ("imagesTr/case_{}_0000.nii.gz", "labelsTr/case_{}.nii.gz", {}),
        ("volume-{}.nii", "segmentation-{}.nii", {}),
        ("{}_test.tif", "{}_manual1.gif", {}),
        ("{}.jpg", "{}.jpg.png", {}),
        ("IMG_{}.JPG", "img_{}.png", {}),
        ("x/IMG {} (2).png", "y/IMG {} (2) copy.png", {}),
        ("d/case_{}/imaging.nii.gz", "d/case_{}/segmentation.nii.gz", {}),
        ("d/{}/pre/FLAIR.nii.gz", "d/{}/wmh.nii.gz", {}),
        ("d/{}/a.png", "d/{}/b.png", {"image_prefix": "a", "mask_suffix": "b.png"}),
        ("s{0}/anat/s{0}_T1w.nii.gz", "s{0}/anat/s{0}_space-MNI_label-L_desc-T1lesion_mask.nii.gz", {}),
        ("a{}b.png", "c{}d.png", {"image_prefix": "a", "image_suffix": "b", "mask_prefix": "c", "mask_suffix": "d"}),
        ("{}.png", "{}_seg.nii.gz", {"mask_suffix": "_seg.nii.gz"}),
        ("{}x.png", "{}y.png", {"key": r"(\d+)"}),
        ("i/{}/x.png", "m/{}_x.png", {"key": (r"(\d+)/x", r"(\d+)_x")}),
        ("a{}.png", "b{}.png", {"key": lambda path: path[1:]}),
    ],
)
def test_common_schemes_in_natural_order(image, mask, options):
    numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    images, masks = [image.format(number) for number in numbers], [mask.format(number) for number in numbers]
    expected = [*zip(images, masks, strict=True)]
    assert paired(sorted(images), sorted(masks), **options) == expected
    assert paired(images[::-1], masks, **options) == expected


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("images/{}.png", "masks/{}.png"),
        ("d/{}.png", "d/{}_mask.png"),
        ("images/train/{}.png", "masks/train/label_{}.png"),
    ],
)
def test_names_repeat_in_folders(image, mask):
    def put(scheme, name):
        folder, _, stem = name.rpartition("/")
        return "/".join(
            [scheme.rpartition("/")[0].format("").rstrip("/"), folder, scheme.rpartition("/")[2].format(stem)]
        )

    images, masks = [put(image, name) for name in SLICES], [put(mask, name) for name in SLICES]
    assert paired(images, masks[::-1]) == [*zip(images, masks, strict=True)]


def test_folders_of_kinds_below_those_of_patients():
    images, masks = ([f"d/p{p}/{kind}/{s}.png" for p in range(3) for s in range(3)] for kind in ("image", "mask"))
    assert paired(images, masks[::-1]) == [*zip(images, masks, strict=True)]


def test_one_folder_holds_both(tmp_path):
    for name in SLICES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        for end in ("", "_mask"):
            (tmp_path / f"{name}{end}.tif").touch()
    expected = [(tmp_path / f"{name}.tif", tmp_path / f"{name}_mask.tif") for name in SLICES]
    assert paired(tmp_path, tmp_path) == expected
    assert paired(tmp_path, tmp_path, mask_suffix="_mask") == expected
    assert paired(tmp_path / "*/*.tif", tmp_path / "*/*_mask.tif") == expected
    assert paired(f"{tmp_path}/*/*.tif", f"{tmp_path}/*/*_mask.tif")[0] == tuple(map(str, expected[0]))


def test_one_folder_for_each_patient_with_names_of_kinds(tmp_path):
    for patient in range(3):
        (tmp_path / f"p{patient}").mkdir()
        for kind in ("imaging", "segmentation"):
            (tmp_path / f"p{patient}/{kind}.nii.gz").touch()
    expected = [(tmp_path / f"p{p}/imaging.nii.gz", tmp_path / f"p{p}/segmentation.nii.gz") for p in range(3)]
    assert paired(tmp_path, tmp_path) == expected
    assert paired(tmp_path, tmp_path, image_prefix="imaging", mask_prefix="segmentation") == expected


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20, unique=True), st.integers(1, 7), st.randoms())
def test_any_numbers_of_any_width_are_paired(numbers, width, generator):
    images = [f"i/{number}.png" for number in numbers]
    masks = [f"m/{number:0{width}}.png" for number in numbers]
    expected = sorted(zip(numbers, images, masks, strict=True))
    generator.shuffle(masks)
    assert paired(images, masks) == [(image, mask) for _, image, mask in expected]


def test_leading_zeros_count_where_both_names_are_there():
    assert paired(["a/1.png", "a/01.png"], ["b/01.png", "b/1.png"]) == [
        ("a/01.png", "b/01.png"),
        ("a/1.png", "b/1.png"),
    ]
    with pytest.raises(ValueError, match=r"1 of 2 images without a mask: 'a/01\.png'; and .*'b/001\.png'"):
        pair_by_name(["a/1.png", "a/01.png"], ["b/1.png", "b/001.png"])


@pytest.mark.parametrize("options", [{}, {"key": r"(g\w+_\d)"}])
def test_composed_and_decomposed_names_are_one(options):
    image, mask = unicodedata.normalize("NFC", "größe_1.png"), unicodedata.normalize("NFD", "größe_1.tif")
    assert paired([image], [mask], **options) == [(image, mask)]


def test_types_stay():
    assert pair_by_name([Path("1.png")], ["1_mask.png"]) == ([Path("1.png")], ["1_mask.png"])


def test_what_is_left_over_is_named_or_dropped():
    images, masks = [f"i/{index}.png" for index in range(9)], [f"m/{index}.png" for index in range(2, 11)]
    with pytest.raises(ValueError, match=r"2 of 9 images without a mask: 'i/0.*; and 2 of 9 masks .*'m/9.*'drop'"):
        pair_by_name(images, masks)
    assert paired(images, masks, unmatched="drop") == [*zip(images[2:], masks[:7], strict=True)]


TWO_KINDS = ["m/1_a.png", "m/2_a.png", "m/1_b.png", "m/2_b.png"]
CHANNELS = [f"i/c{case}_000{channel}.nii.gz" for case in range(4) for channel in range(2)]


@pytest.mark.parametrize(
    ("images", "masks", "options", "expected"),
    [
        (["i/1.png", "i/2.png"], TWO_KINDS, {}, "mask_suffix='_a' or mask_suffix='_b'"),
        (["i/1.png", "i/2.png"], TWO_KINDS, {"mask_suffix": "_a"}, "2 of 4 masks without an image: 'm/1_b"),
        (CHANNELS, [f"m/c{case}.nii.gz" for case in range(4)], {}, "image_suffix='_0000' or image_suffix='_0001'"),
        (
            [f"{p}/{s}.nii" for p in "ab" for s in ("t1", "t2")],
            ["a/x.nii", "b/x.nii"],
            {},
            "'t1', mask_prefix='x' or .*key",
        ),
        (["i/1.png", "i/1.jpg", "i/2.png"], ["m/1.png", "m/2.png"], {}, r"'i/1\.png', 'i/1\.jpg' with 'm/1\.png'"),
        (["i/1.png", "i/2.png"], ["m/1.png", "m/1.tif"], {"key": r"(\d)"}, r"'m/1\.png', 'm/1\.tif'"),
        (["a1f3.png", "b77c.png"], ["0001.png", "0002.png"], {}, "names in common.*as key"),
        (["a1f3.png", "b77c.png"], ["0001.png", "0002.png"], {"unmatched": "drop"}, "names in common"),
        (["img_3.png"], ["label_4.png"], {}, "names in common"),
        (["p1_s1.png"], ["p2_s1_mask.png"], {}, "names in common"),
        (["i/p1/x1.png", "i/p2/x2.png"], ["m/p1/x2.png", "m/p2/x1.png"], {}, "names in common"),
        (["i/p1/x1.png", "i/p2/x2.png"], ["m/p1/x2_m.png", "m/p2/x1_m.png"], {"mask_suffix": "_m"}, "2 of 2 images"),
        (["i/1.png"], ["m/1.png"], {"mask_suffix": "_a"}, "1 of 1 images"),
        (["i/1.png"], ["m/1.png"], {"unmatched": "drop", "mask_suffix": "_a"}, "1 of 1 images"),
        (["1.png"], ["1_m.png"], {"key": "x"}, "hold a group"),
        (["1.png"], ["1_m.png"], {"key": "("}, "regular expression"),
        (["1.png"], ["1_m.png"], {"key": r"(\d)", "mask_suffix": "_m"}, "key or affixes"),
        (["1.png"], ["1_m.png"], {"unmatched": "ignore"}, "'drop', 'raise'"),
    ],
)
def test_nothing_is_guessed(images, masks, options, expected):
    with pytest.raises(ValueError, match=expected):
        pair_by_name(images, masks, **options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"key": 3}, "regular expression"), ({"mask_suffix": 3}, "mask_suffix"), ({"image_prefix": b"a"}, "image_prefix")],
)
def test_wrong_types_are_refused(options, expected):
    with pytest.raises(TypeError, match=expected):
        pair_by_name(["1.png"], ["1_m.png"], **options)


def test_the_ways_that_an_error_names_work():
    assert paired(["i/1.png", "i/2.png"], TWO_KINDS, mask_suffix="_a", unmatched="drop") == [
        ("i/1.png", "m/1_a.png"),
        ("i/2.png", "m/2_a.png"),
    ]
    assert (
        len(paired(CHANNELS, [f"m/c{case}.nii.gz" for case in range(4)], image_suffix="_0001", unmatched="drop")) == 4
    )
