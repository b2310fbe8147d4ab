"""Run the scripts that make figures, and write each figure as a file that a page loads without a server.

    python docs/extensions/figures.py site/figures      all figures
    python docs/extensions/figures.py --keep coco       that of one script that trains

A page on disk may load scripts, but not JSON. So a figure is a script that puts it into `figures`. A style sheet holds
the figures' heights, so that nothing moves when one is drawn. plotly.js is the file of the installed package.

The figures of the tutorial are those of a run, which `docs/tutorial_figures.py` keeps.

The scripts of `examples/gallery` and `examples/guides` run each time. Those of `examples/` train a network: their
figures are kept in `docs/figures`, and made anew where the script has changed since, in a process each, because one
changes the backend.
"""

import functools
import hashlib
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "figures"
TUTORIAL = KEPT / "tutorial" / "brain_mri.json"
QUICK = ("gallery", "guides")  # folders of scripts that train nothing


@functools.cache
def scripts() -> dict[str, Path]:
    """Return the scripts of `examples/` with a function `figure`, those of the gallery first, by their names."""
    folders = [*(ROOT / "examples" / name for name in QUICK), ROOT / "examples"]
    found = [path for folder in folders for path in sorted(folder.glob("[a-z]*.py"))]
    named = [path for path in found if "\ndef figure(" in path.read_text(encoding="utf-8")]
    names = [path.stem for path in named]
    if len(set(names)) < len(names):
        raise ValueError(f"Expected scripts of figures with different names. Received {names}. Rename one.")
    return dict(zip(names, named, strict=True))


def write_figures(folder: Path) -> None:
    """Write every figure, their heights, plotly.js and the script of the arrow keys into `folder`."""
    from plotly.offline import get_plotlyjs

    from resunet_kit.plots import page_script

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")
    (folder / "keyboard.js").write_text(page_script(), encoding="utf-8")
    heights = []
    for name, figure in figures():
        text = f"(window.figures ??= {{}})[{json.dumps(name)}] = {json.dumps(figure)};\n"
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
        height = figure["layout"].get("height", 450)
        heights.append(f'[data-figure="{name}"] {{ min-height: {height}px; }}\n')
    (folder / "heights.css").write_text("".join(heights), encoding="utf-8")


def figures() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each figure, and the figure."""
    for name, path in scripts().items():
        yield name, json.loads(made(path) if path.parent.name in QUICK else kept(path))
    yield from tutorial().items()


@functools.cache
def tutorial() -> dict[str, dict[str, Any]]:
    """Return the figures of the tutorial by their names."""
    found: dict[str, dict[str, Any]] = json.loads(TUTORIAL.read_text(encoding="utf-8"))["figures"]
    return found


def made(path: Path) -> str:
    """Return what the `figure` of a script makes, as JSON."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    text: str = module.figure().to_json()
    return text


def kept(path: Path) -> str:
    """Return the figure that was kept of a script, as JSON; make and keep it if the script is another by now."""
    if not is_kept(path):
        print(f"INFO    -  Making the figure of {path.relative_to(ROOT)} for docs/figures", flush=True)
        subprocess.run([sys.executable, __file__, "--keep", path.stem], check=True, cwd=ROOT)
    return (KEPT / f"{path.stem}.json").read_text(encoding="utf-8").split("\n")[1]


def keep(path: Path) -> None:
    """Make the figure of a script and keep it."""
    now = digest(path)  # before it runs, for it may be edited meanwhile
    figure = made(path)
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{path.stem}.json").write_text(f"{now}\n{figure}\n", encoding="utf-8")


def is_kept(path: Path) -> bool:
    """Tell whether the figure of a script as it is now was kept."""
    file = KEPT / f"{path.stem}.json"
    return file.exists() and file.read_text(encoding="utf-8").split("\n")[0] == digest(path)


def digest(path: Path) -> str:
    """Return the SHA-256 of a script's text."""
    return hashlib.sha256(path.read_text(encoding="utf-8").encode()).hexdigest()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[1] == "--keep":
        keep(scripts()[sys.argv[2]])
    else:
        write_figures(Path(sys.argv[1]))
