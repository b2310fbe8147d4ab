"""Draw the thumbnails of the gallery, and keep them in `docs/figures/thumbnails`.

    python docs/extensions/thumbnails.py

It draws those whose script or figure has changed since. It needs the extra `browser` and Chromium; building the pages
needs neither. `tests/examples/test_gallery.py` finds a thumbnail that is older than its figure.
"""

import base64
import contextlib
import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from figures import KEPT, QUICK, ROOT, kept, made, scripts

FOLDER = KEPT / "thumbnails"
DIGESTS = FOLDER / "digests.json"
DRAWN = (480, 300)  # pixels that Plotly draws
SHOWN = (320, 200)  # pixels that are kept: twice those of a page, for screens of high resolution


def entries() -> dict[str, Path]:
    """Return the scripts that have an entry in the gallery, by their names."""
    return {name: path for name, path in scripts().items() if path.parent.name != "guides"}


def digests() -> dict[str, str]:
    """Return of which figure each thumbnail was drawn."""
    known: dict[str, str] = json.loads(DIGESTS.read_text(encoding="utf-8")) if DIGESTS.is_file() else {}
    return known


def digest(path: Path, figure: dict[str, Any]) -> str:
    """Return a digest of a script and of what its figure is made of, without numbers, which differ between machines."""
    parts = [path.read_text(encoding="utf-8"), [trace["type"] for trace in figure["data"]], figure["layout"]["height"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def simplified(figure: dict[str, Any]) -> dict[str, Any]:
    """Return a figure without what cannot be read in a small picture: words, numbers and controls."""
    left_out = {"title", "annotations", "updatemenus", "sliders", "height"}
    layout = {key: value for key, value in figure["layout"].items() if key not in left_out}
    for key in filter(lambda key: key.startswith(("xaxis", "yaxis")), layout):
        layout[key] = {**layout[key], "title": None, "showticklabels": False, "automargin": False}
        layout[key]["constraintoward"] = "center" if key[0] == "x" else "middle"
    if "scene" in layout:
        hidden = {f"{axis}axis": {**layout["scene"][f"{axis}axis"], "visible": False} for axis in "xyz"}
        camera = {"eye": {"x": 0.9, "y": -0.9, "z": 0.8}}
        layout["scene"] = {**layout["scene"], **hidden, "camera": camera}
    margin = dict.fromkeys("tblr", 6)
    return {"data": figure["data"], "layout": {**layout, "margin": margin, "showlegend": False}}


@contextlib.contextmanager
def drawing() -> Iterator[Any]:
    """Yield a page of Chromium that has loaded plotly.js."""
    from playwright.sync_api import sync_playwright
    from plotly.offline import get_plotlyjs

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        sys.exit("Expected Chromium. Found none. Install it: apt-get install chromium")
    # The sandbox cannot start for root, as whom containers run; the page is our own.
    arguments = ["--disable-gpu"] + ["--no-sandbox"] * (os.geteuid() == 0)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=arguments) as browser:
        page = browser.new_page()
        page.add_script_tag(content=get_plotlyjs())
        yield page


def thumbnail(page: Any, figure: dict[str, Any]) -> bytes:
    """Return a small picture of a figure, on no background, so that it fits a light and a dark page."""
    from PIL import Image

    # Plotly's own export waits for pictures, and includes what WebGL draws.
    options = {"format": "png", "width": DRAWN[0], "height": DRAWN[1]}
    script = "([figure, options]) => Plotly.toImage(figure, options)"
    url = page.evaluate(script, [simplified(figure), options])
    drawn = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    buffer = io.BytesIO()
    drawn.resize(SHOWN, Image.Resampling.LANCZOS).save(buffer, "WEBP", quality=70, method=6)
    return buffer.getvalue()


def main() -> None:
    """Draw the thumbnails of new and changed figures, and delete those of figures that are no more."""
    known, current = digests(), {}
    FOLDER.mkdir(exist_ok=True)
    with drawing() as page:
        for name, path in entries().items():
            figure = json.loads(made(path) if path.parent.name in QUICK else kept(path))
            current[name] = digest(path, figure)
            file = FOLDER / f"{name}.webp"
            if current[name] != known.get(name) or not file.is_file():
                file.write_bytes(thumbnail(page, figure))
                print(file.relative_to(ROOT), flush=True)
    for file in FOLDER.glob("*.webp"):
        if file.stem not in current:
            file.unlink()
    DIGESTS.write_text(json.dumps(current, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
