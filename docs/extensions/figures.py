"""Run the scripts that make figures, and write each figure as a file that a page loads without a server.

    python docs/extensions/figures.py site/figures

A page on disk may load scripts, but not JSON. So a figure is a script that puts it into `figures`, a style sheet holds
their heights, so that nothing moves when one is drawn, and plotly.js is the file of the installed package.
"""

import importlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def scripts() -> dict[str, Path]:
    """Return the scripts of `examples/` with a function `figure`, those of the gallery first, by their names."""
    found = [*sorted((ROOT / "examples" / "gallery").glob("[a-z]*.py")), *sorted((ROOT / "examples").glob("[a-z]*.py"))]
    named = [path for path in found if "\ndef figure(" in path.read_text(encoding="utf-8")]
    names = [path.stem for path in named]
    if len(set(names)) < len(names):
        raise ValueError(f"Expected scripts of figures with different names. Received {names}. Rename one.")
    return dict(zip(names, named, strict=True))


def write_figures(folder: Path) -> None:
    """Write every figure, their heights and plotly.js into `folder`."""
    from plotly.offline import get_plotlyjs

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")
    heights = []
    for name, path in scripts().items():
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        figure = module.figure()
        text = f"(window.figures ??= {{}})[{json.dumps(name)}] = {figure.to_json()};\n"
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
        heights.append(f'[data-figure="{name}"] {{ min-height: {figure.layout.height or 450}px; }}\n')
    (folder / "heights.css").write_text("".join(heights), encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    write_figures(Path(sys.argv[1]))
