"""Hook of mkdocs that makes a page of each notebook in `docs/notebooks`, with its outputs and live figures.

The page `notebooks/NAME.md` stands for `docs/notebooks/NAME.ipynb`, which is offered for download. Nothing is run here:
`make notebooks` does that.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from notebooks import FIGURE, SCRIPTS

LONGEST_FENCE = re.compile(r"`{3,}")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages, the notebooks themselves, and their figures as scripts that a page loads."""
    from mkdocs.structure.files import File

    for script in SCRIPTS:
        text = script.with_suffix(".ipynb").read_text(encoding="utf-8")
        page, figures = rendered(script.stem, json.loads(text))
        files.append(File.generated(config, f"notebooks/{script.stem}.md", content=page))
        files.append(File.generated(config, f"notebooks/{script.stem}.ipynb", content=text))
        for name, figure in figures.items():
            content = f"(window.figures ??= {{}})[{json.dumps(name)}] = {json.dumps(figure)};\n"
            files.append(File.generated(config, f"figures/{name}.js", content=content))
    return files


def rendered(name: str, notebook: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a notebook as Markdown, and its figures by their names."""
    figures: dict[str, Any] = {}
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else fenced(source, "python"))
        for text, figure in outputs(cell):
            if figure:
                key = f"notebook_{name}_{len(figures) + 1}"
                figures[key] = figure
                text = holder(key, figure)
            parts.append(text)
    heading, *rest = parts
    title, _, introduction = heading.partition("\n")
    script = f"docs/notebooks/{name}.py"
    source = f"This page is a notebook that was run: [{name}.ipynb]({name}.ipynb), made from `{script}`."
    return "\n\n".join([title, introduction.strip(), source, *rest]) + "\n", figures


def outputs(cell: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each output of a cell as Markdown, or as a figure."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        text = output["text"] if output["output_type"] == "stream" else data.get("text/plain", "")
        yield fenced("".join(text).rstrip("\n"), "text"), data.get(FIGURE)


def fenced(text: str, language: str) -> str:
    """Return a block of code whose fence is longer than any inside."""
    longest = max(map(len, LONGEST_FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def holder(key: str, figure: dict[str, Any]) -> str:
    """Return the HTML that `figures.js` draws a figure into, until then as high as the figure: nothing moves."""
    height = figure["layout"].get("height", 450)
    style = f'<style>[data-figure="{key}"]:not([data-drawn]) {{ min-height: {height}px; }}</style>'
    return f'{style}\n<div class="figure" data-figure="{key}"></div>'
