import os

import numpy as np
import pytest

from resunet_kit.data.batches.cache import cached, cached_batches


class Reader:
    """Counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, paths):
        self.calls += 1
        return tuple(np.load(path) for path in paths)


@pytest.fixture
def paths(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6, dtype=np.uint8).reshape(2, 3))
    np.save(tmp_path / "b.npy", np.array([1.5]))
    return str(tmp_path / "a.npy"), str(tmp_path / "b.npy")


def _equal(paths, arrays):
    return len(paths) == len(arrays) and all(
        np.array_equal(np.load(path), array) for path, array in zip(paths, arrays, strict=True)
    )


@pytest.mark.parametrize(("kind", "calls"), [("none", 2), ("memory", 1), ("disk", 1)])
def test_each_file_is_read_once_with_a_cache(tmp_path, paths, kind, calls):
    reader = Reader()
    read = cached(reader, {"none": False, "memory": True, "disk": tmp_path / "deep" / "cache"}[kind], "x")
    assert _equal(paths, read(paths))
    assert _equal(paths, read(paths))
    assert reader.calls == calls


def test_a_later_run_uses_the_folder_unless_settings_or_file_changed(tmp_path, paths):
    reader = Reader()
    cached(reader, tmp_path / "cache", "x")(paths)
    cached(reader, tmp_path / "cache", "x")(paths)
    assert reader.calls == 1
    cached(reader, tmp_path / "cache", "y")(paths)
    assert reader.calls == 2
    np.save(paths[1], np.array([2.5]))
    os.utime(paths[1], ns=(1, 1))
    assert cached(reader, tmp_path / "cache", "x")(paths)[1] == 2.5


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: data.replace(b"(2, 3)", b"((2, 3")])
def test_damaged_entries_are_replaced(tmp_path, paths, damage):
    reader = Reader()
    read = cached(reader, tmp_path / "cache", "x")
    read(paths)
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    assert _equal(paths, read(paths))
    assert _equal(paths, read(paths))
    assert reader.calls == 2
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [entry.name]


def test_the_reader_reports_a_missing_source(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        cached(Reader(), tmp_path / "cache", "x")((str(tmp_path / "gone.npy"),))


def test_batches_are_cached_up_to_the_limit():
    calls = []

    def batch(indices):
        calls.append(indices.tolist())
        return [indices.astype(np.float32)]

    lookup = cached_batches(batch, limit=20)  # two batches of two float32, not three
    parts = np.arange(6).reshape(3, 2)
    for _ in range(3):
        assert [lookup(part)[0].tolist() for part in parts] == parts.tolist()
    assert calls == [[0, 1], [2, 3], [4, 5], [4, 5], [4, 5]]


def test_a_file_that_replaced_another_of_the_same_size_and_time_is_read(tmp_path, paths):
    read = cached(Reader(), tmp_path / "cache", "x")
    read(paths)
    status = os.stat(paths[1])
    np.save(tmp_path / "new.npy", np.array([9.5]))
    os.utime(tmp_path / "new.npy", ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(tmp_path / "new.npy", paths[1])
    assert read(paths)[1] == 9.5


def test_a_folder_that_was_removed_is_made_again(tmp_path, paths):
    read = cached(Reader(), tmp_path / "cache", "x")
    (tmp_path / "cache").rmdir()
    assert _equal(paths, read(paths))
