import os
from pathlib import Path

from examples.brain_mri.folders import walk


def closed(monkeypatch, *folders):
    """Let folders be those of another user; permissions do not bind root, who may run the tests."""
    listed = os.scandir

    def scandir(path):
        if Path(path) in folders:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_each_real_folder_comes_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").touch()
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a", target_is_directory=True)
    found = list(walk(tmp_path, lambda *_: None))
    assert [(parent, files) for parent, _, files in found] == [(str(tmp_path), []), (str(tmp_path / "a"), ["x"])]


def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / name).mkdir()
    closed(monkeypatch, tmp_path / "a")
    told = []
    parents = [parent for parent, *_ in walk(tmp_path, lambda *what: told.append(what))]
    assert parents == [str(tmp_path), str(tmp_path / "b")]
    assert told == [(tmp_path / "a", "Permission denied")]
