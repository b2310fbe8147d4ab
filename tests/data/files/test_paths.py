import pathlib

import pytest

from resunet_kit.data.files.paths import checked_paths


@pytest.mark.parametrize("paths", [pathlib.Path("a.png"), "a.png", b"a.png", None])
def test_other_than_lists_are_refused(paths):
    with pytest.raises(TypeError, match=r"Expected image_paths to be a list of paths. Received image_paths="):
        checked_paths("image_paths", paths)


def test_lists_are_checked(tmp_path):
    (tmp_path / "a").touch()
    assert checked_paths("image_paths", (tmp_path / name for name in "a")) == [str(tmp_path / "a")]
    with pytest.raises(ValueError, match="Received none"):
        checked_paths("image_paths", [])
    with pytest.raises(ValueError, match="2 images and 1 masks"):
        checked_paths("mask_paths", [tmp_path / "a"], images=2)
    with pytest.raises(ValueError, match=r"mask_paths .* 7 of 8 .*'.*b'.*\.\.\."):
        checked_paths("mask_paths", [tmp_path / name for name in "abcdefgh"])
