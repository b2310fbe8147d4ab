import os
from pathlib import Path

import pytest

from resunet_kit.data.pairing.listing import listed


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "deep/er/b.NII.GZ", "notes.txt", ".hidden.png", ".ipynb_checkpoints/a.png", "__MACOSX/a.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_gives_its_images_at_any_depth(folder):
    assert listed("images", folder) == [folder / "a.png", folder / "deep/er/b.NII.GZ"]
    assert listed("images", str(folder)) == [str(folder / "a.png"), str(folder / "deep/er/b.NII.GZ")]


def test_a_pattern_gives_files_alone(folder):
    assert listed("images", folder / "*") == [folder / "a.png", folder / "notes.txt"]
    assert listed("images", f"{folder}/**/*.GZ") == [f"{folder}/deep/er/b.NII.GZ"]


def test_lists_stay_as_they_are():
    assert listed("images", iter(["b.png", Path("a.png")])) == ["b.png", Path("a.png")]


@pytest.mark.parametrize(
    ("source", "error", "expected"),
    [
        ("nowhere", ValueError, "'nowhere', which is not a folder"),
        (b"folder", TypeError, "list of paths"),
        (3, TypeError, "list of paths"),
        ([3], TypeError, "hold paths"),
        ([b"a.png"], TypeError, "hold paths"),
        ([], ValueError, "at least one file"),
        (["a.png", "./a.png"], ValueError, r"'./a\.png' twice"),
    ],
)
def test_anything_else_is_refused(source, error, expected):
    with pytest.raises(error, match=expected):
        listed("images", source)


def test_a_folder_that_cannot_be_read_is_refused(folder, monkeypatch):
    inner = folder / "deep"
    scanned = os.scandir

    def scandir(path):  # permissions do not bind root, who may run the tests
        if os.fspath(path) == os.fspath(inner):
            raise PermissionError(13, "Permission denied", path)
        return scanned(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ValueError, match=f"{inner.name}.*Permission denied. Let this user read it"):
        listed("images", folder)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="images to hold at least one file"):
        listed("images", tmp_path)
