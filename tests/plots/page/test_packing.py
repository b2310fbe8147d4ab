import base64
import re
import zlib

import pytest

from resunet_kit.plots._page.packing import packed_script


@pytest.mark.parametrize("text", ["", "</script><!--", "é∞ \udcff".encode("utf-8", "replace").decode(), "a" * 100_000])
def test_text_comes_back_and_looks_like_nothing_else(text):
    found = packed_script("figure-1", text)
    size, packed = re.fullmatch(
        r'<script type="text/plain" id="figure-1-data" data-size="(\d+)">([A-Za-z0-9+/=]*)</script>', found
    ).groups()
    data = zlib.decompress(base64.b64decode(packed))
    assert data.decode("utf-8") == text
    assert len(data) == int(size)
