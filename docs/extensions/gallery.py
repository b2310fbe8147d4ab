"""Hooks of mkdocs that put live figures into the pages.

- `<!-- figure: NAME -->` on a page becomes the figure of the script NAME,
- `<!-- gallery: NAME NAME -->` one entry each: heading, caption, figure and code; `<!-- gallery: others -->` is all
  that the page did not name before,
- the reference of `plots` shows the figure of each function.

The scripts run in a process of their own while mkdocs builds; a script that fails stops the build.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

sys.path.insert(0, str(Path(__file__).parent))

from figures import ROOT, scripts

SPELLING = {"roc": "ROC", "altman": "Altman", "coco": "COCO", "openvino": "OpenVINO", "3d": "3-D"}
WITHOUT_FIGURE = {"Details", "Section", "Table", "page_script", "write_report"}  # of resunet_kit.plots
running: list[subprocess.Popen[bytes]] = []


def on_files(files: Any, config: Any) -> Any:
    """Start the scripts, now that the folder of the site was emptied."""
    command = [sys.executable, str(Path(__file__).with_name("figures.py")), str(Path(config.site_dir) / "figures")]
    running.append(subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}))
    return files


def on_post_build(config: Any) -> None:  # noqa: ARG001
    """Wait for the scripts."""
    if running.pop().wait():
        raise PluginError("A script of the figures failed: see above.")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks by figures and entries."""
    markdown = re.sub(r"<!-- figure: (\w+) -->", lambda mark: holder(mark[1]), markdown)
    marks = re.findall(r"<!-- gallery: (.*?) -->", markdown)
    named = {name for mark in marks for name in mark.split()} - {"others"}
    others = [name for name, path in scripts().items() if name not in named and path.parent.name != "guides"]
    for mark in marks:
        names = others if mark == "others" else mark.split()
        markdown = markdown.replace(f"<!-- gallery: {mark} -->", "\n".join(map(entry, names)))
    return markdown


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Put its figure below the signature of each function of `resunet_kit.plots`."""
    if page.file.src_uri != "reference/plots.md":
        return html
    from resunet_kit import plots

    for name in sorted(set(plots.__all__) - WITHOUT_FIGURE):
        contents = re.compile(rf'(<h2 id="resunet_kit\.plots\.{name}".*?<div class="doc doc-contents[^>]*>)', re.DOTALL)
        link = f'<p class="figure-link"><a href="../gallery.html#{name}">The code of this figure</a></p>'
        html, found = contents.subn(lambda match: match[1] + holder(name) + link, html, count=1)  # noqa: B023
        if not found:
            raise PluginError(
                f"Expected {name} on the page reference/plots.md. Found no signature to put its figure below."
            )
    return html


def holder(name: str) -> str:
    """Return the HTML that `figures.js` draws the figure of the script `name` into."""
    if name not in scripts():
        raise PluginError(f"Expected a script examples/gallery/{name}.py or examples/{name}.py with `def figure()`.")
    return f'<div class="figure" data-figure="{name}"></div>'


def entry(name: str) -> str:
    """Return the Markdown of a script's entry in the gallery."""
    path = scripts()[name]
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    caption = (ast.get_docstring(tree) or "").splitlines()[0]
    code = "".join(text.splitlines(keepends=True)[tree.body[0].end_lineno :]).strip()
    words = " ".join(SPELLING.get(word, word) for word in name.split("_"))
    return (
        f"### {words[0].upper()}{words[1:]} {{ #{name} }}\n\n{caption} {links(tree)}\n\n"
        f'<div class="gallery-entry" markdown>\n{holder(name)}\n\n'
        f'```python title="{path.relative_to(ROOT)}"\n{code}\n```\n\n</div>\n'
    )


def links(tree: ast.Module) -> str:
    """Return links to the reference of the public names that a script imports."""
    used = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and re.fullmatch(r"resunet_kit\.[a-z]\w*", node.module or "")
        for alias in node.names
    }
    return "Uses " + ", ".join(f"[`{name.split('.')[-1]}`][{name}]" for name in sorted(used)) + "." if used else ""
