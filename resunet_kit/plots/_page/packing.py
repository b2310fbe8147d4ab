"""Compressed data inside a page, which the page's script inflates.

Plotly's Python package contains only the full plotly.js, 4.8 MB, and none of its smaller bundles. Deflated it takes
1.5 MB, as base64 2.0 MB: about what the basic bundle has uncompressed, but with every kind of trace.
"""

import base64
import zlib


def packed_script(name: str, text: str) -> str:
    """Return an element that holds text deflated, as base64: nothing in it can end the element or look like markup.

    Example:
        >>> packed_script("plotly", "</script>")
        '<script type="text/plain" id="plotly-data" data-size="9">eNqz0S9OLsosKLEDAA9oAz8=</script>'
    """
    data = text.encode("utf-8")
    packed = base64.b64encode(zlib.compress(data, 9)).decode("ascii")
    return f'<script type="text/plain" id="{name}-data" data-size="{len(data)}">{packed}</script>'
