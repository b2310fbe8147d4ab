import os

import pytest

try:
    import resource
except ImportError:
    resource = None

from resunet_kit._shared.writing import atomic_write


def entries(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_file_appears_whole_and_replaces_another(tmp_path):
    target = tmp_path / "new" / "scores.csv"
    for text in ("first", "second"):
        with atomic_write(target) as temporary:
            temporary.write_text(text)
            assert temporary.suffix == ".csv"
            assert temporary.parent == target.parent
        assert target.read_text() == text
    assert entries(tmp_path) == ["new", "new/scores.csv"]


def test_a_folder_appears_whole_in_a_new_or_empty_one(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        with atomic_write(tmp_path / name, folder=True) as temporary:
            (temporary / "a").write_text("a")
    assert entries(tmp_path) == ["empty", "empty/a", "new", "new/a"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("folder", [False, True])
def test_a_failure_leaves_what_was_there(tmp_path, failure, folder):
    target = tmp_path / "target"
    if not folder:
        target.write_text("before")

    def fail():
        with atomic_write(target, folder=folder) as temporary:
            (temporary / "half" if folder else temporary).write_text("half")
            raise failure

    with pytest.raises(failure):
        fail()
    assert entries(tmp_path) == ([] if folder else ["target"])
    assert folder or target.read_text() == "before"


@pytest.mark.skipif(resource is None, reason="limits of a process are POSIX's")
def test_a_full_disk_names_the_file(tmp_path):
    target = tmp_path / "weights"
    target.write_text("before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught, atomic_write(target) as temporary:
            temporary.write_bytes(bytes(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.__notes__ == [f"{target} was being written, and is as it was before."]
    assert target.read_text() == "before"
    assert entries(tmp_path) == ["weights"]


def test_what_stands_in_the_way_is_named_and_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").write_text("")
    for folder, match in ((True, "new or empty folder"), (False, "a folder. Add the name of a file")):
        with pytest.raises(ValueError, match=match), atomic_write(tmp_path / "folder", folder=folder):
            raise AssertionError("the body is not reached")
    with pytest.raises(ValueError, match="new or empty folder"), atomic_write(tmp_path / "folder/kept", folder=True):
        raise AssertionError("the body is not reached")
    assert entries(tmp_path) == ["folder", "folder/kept"]


def test_permissions_are_those_of_any_new_file_and_folder(tmp_path):
    before = os.umask(0o022)
    try:
        with atomic_write(tmp_path / "file") as temporary:
            temporary.write_text("")
        with atomic_write(tmp_path / "folder", folder=True):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("folder", [False, True])
def test_what_a_link_points_to_is_replaced(tmp_path, folder):
    target, link = tmp_path / "target", tmp_path / "link"
    if folder:
        target.mkdir()
    else:
        target.write_text("before")
    link.symlink_to(target)
    with atomic_write(link, folder=folder) as temporary:
        (temporary / "a" if folder else temporary).write_text("after")
    assert link.is_symlink()
    assert (target / "a" if folder else target).read_text() == "after"


def test_permissions_stay_and_long_names_fit(tmp_path):
    target = tmp_path / f"{'a' * 250}.csv"
    target.write_text("before")
    target.chmod(0o640)
    with atomic_write(target) as temporary:
        temporary.write_text("after")
    assert target.read_text() == "after"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_device_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="a device or pipe"), atomic_write(pipe):
        raise AssertionError("the body is not reached")


def test_the_current_folder_is_a_folder(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with atomic_write(".", folder=True) as temporary:
        (temporary / "a").write_text("")
    assert entries(tmp_path) == ["here", "here/a"]
