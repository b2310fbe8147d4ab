"""Hooks of mkdocs that put live figures into the pages.

- `<!-- figure: NAME -->` on a page becomes the figure of the script NAME, or of the tutorial,
- `<!-- gallery: NAME NAME -->` one entry each: heading, caption, figure and code; `<!-- gallery: others -->` is all
  that the page did not name before,
- `<!-- thumbnails: NAME NAME -->` small pictures that lead to these entries, and `<!-- overview -->` those of all
  entries of the page, by its sections,
- the reference of `plots` shows the figure of each function.

The scripts run in a process of their own while mkdocs builds; a script that fails stops the build.
"""

import ast
import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

from figures import KEPT, ROOT, scripts, tutorial

GALLERY = re.compile(r"<!-- gallery: (.*?) -->")
THUMBNAILS = KEPT / "thumbnails"

HEADINGS = {  # where the script's name is not a good one
    "bland_altman": "Bland–Altman plot",
    "coco": "COCO in and out",
    "custom_block": "A block of your own",
    "export_openvino": "Export to OpenVINO",
    "large_image": "A large image in tiles",
    "multi_class": "Several classes",
    "other_backend": "Another backend",
    "own_folder": "Your own folder",
    "precision_recall_curve": "Precision–recall curve",
    "roc_curve": "ROC curve",
    "volume_3d": "3-D volumes",
}
WITHOUT_FIGURE = {"Details", "Section", "Table", "page_script", "write_report"}  # of resunet_kit.plots
running: list[subprocess.Popen[bytes]] = []


def on_files(files: Any, config: Any) -> Any:
    """Start the scripts, now that the folder of the site was emptied."""
    command = [sys.executable, str(Path(__file__).with_name("figures.py")), str(Path(config.site_dir) / "figures")]
    running.append(subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}))
    for picture in sorted(THUMBNAILS.glob("*.webp")):
        files.append(File.generated(config, f"images/gallery/{picture.name}", abs_src_path=str(picture)))
    return files


def on_post_build(config: Any) -> None:  # noqa: ARG001
    """Wait for the scripts."""
    if running.pop().wait():
        raise PluginError("A script of the figures failed: see above.")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Replace the marks by figures, entries and small pictures."""
    markdown = re.sub(r"<!-- figure: (\w+) -->", lambda mark: holder(mark[1]), markdown)
    named = set(" ".join(GALLERY.findall(markdown)).split()) - {"others"}
    others = [name for name, path in scripts().items() if name not in named and path.parent.name != "guides"]
    markdown = markdown.replace("<!-- gallery: others -->", f"<!-- gallery: {' '.join(others)} -->")
    markdown = markdown.replace("<!-- overview -->", overview(markdown))
    to_gallery = "../" * page.url.count("/") + "gallery.html"
    markdown = re.sub(r"<!-- thumbnails: (.*?) -->", lambda mark: thumbnails(mark[1].split(), to_gallery), markdown)
    return GALLERY.sub(lambda mark: "\n".join(map(entry, mark[1].split())), markdown)


def overview(markdown: str) -> str:
    """Return small pictures of all entries of a page, by its sections."""
    _, *sections = re.split(r"^## (.+)$", markdown, flags=re.MULTILINE)
    found = zip(sections[::2], sections[1::2], strict=True)
    groups = [(title, " ".join(GALLERY.findall(text)).split()) for title, text in found]
    return "\n\n".join(f"**{title}**\n\n{thumbnails(names)}" for title, names in groups)


def thumbnails(names: list[str], page: str = "") -> str:
    """Return the HTML of small pictures that lead to the entries of a page, by default of the same."""
    return f'<div class="thumbnails">{"".join(thumbnail(name, page) for name in names)}</div>'


def thumbnail(name: str, page: str) -> str:
    """Return the HTML of one small picture, with the entry's heading below and its caption on hovering."""
    if not (THUMBNAILS / f"{name}.webp").is_file():
        raise PluginError(f"Expected a thumbnail of {name}. Found none. Run python docs/extensions/thumbnails.py.")
    source = f"{page.removesuffix('gallery.html')}images/gallery/{name}.webp"
    picture = f'<img src="{source}" alt="" width="320" height="200" loading="lazy">'
    return f'<a href="{page}#{name}" title="{escape(caption(name))}">{picture}<span>{heading(name)}</span></a>'


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
    if name not in scripts() and name not in tutorial():
        raise PluginError(
            f"Expected a script examples/gallery/{name}.py or examples/{name}.py with `def figure()`, or {name} in "
            "docs/figures/tutorial."
        )
    return f'<div class="figure" data-figure="{name}"></div>'


def heading(name: str) -> str:
    """Return the heading of a script's entry."""
    return HEADINGS.get(name, name.replace("_", " ").capitalize())


def caption(name: str) -> str:
    """Return the first line of a script, which says what its figure shows."""
    return (ast.get_docstring(ast.parse(scripts()[name].read_text(encoding="utf-8"))) or "").splitlines()[0]


def entry(name: str) -> str:
    """Return the Markdown of a script's entry in the gallery."""
    path = scripts()[name]
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    code = "".join(text.splitlines(keepends=True)[tree.body[0].end_lineno :]).strip()
    return (
        f"### {heading(name)} {{ #{name} }}\n\n{caption(name)} {links(tree)}\n\n"
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
