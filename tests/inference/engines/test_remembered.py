import pytest

from resunet_kit.inference._engines.remembered import MAX_ENTRIES, cache_file, recall, remember


def test_entries_return(own_cache):
    assert recall("a") is None
    assert remember("a", {"chosen": 1}) == ""
    assert remember("b", {"chosen": 2}) == ""
    assert cache_file() == own_cache
    assert (recall("a"), recall("b")) == ({"chosen": 1}, {"chosen": 2})
    assert [path.name for path in own_cache.parent.iterdir()] == ["engines.json"]


DAMAGED = (b"", b"{", b"[]", b"\xff\xfe", b'{"format": 99, "entries": {"a": {}}}', b'{"format": 1, "entries": 3}')


@pytest.mark.parametrize("content", [*DAMAGED, b'{"format": 1, "entries": {"a": 3}}'])
def test_a_damaged_file_is_ignored_and_replaced(own_cache, content):
    own_cache.parent.mkdir(parents=True)
    own_cache.write_bytes(content)
    assert recall("a") is None
    assert remember("a", {"chosen": 1}) == ""
    assert recall("a") == {"chosen": 1}


def test_the_oldest_entries_go(own_cache):
    own_cache.parent.mkdir(parents=True)
    for index in range(MAX_ENTRIES + 1):
        remember(str(index), {})
    assert recall("0") is None
    assert recall("1") == recall(str(MAX_ENTRIES)) == {}


def test_a_folder_that_cannot_be_written_is_told(own_cache):
    own_cache.mkdir(parents=True)
    assert "folder" in remember("a", {})
