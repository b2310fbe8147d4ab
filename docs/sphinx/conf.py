"""Sphinx for one purpose: its coverage builder fails on a public name without a docstring. Nothing is published.

    python -m sphinx -b coverage -W -q docs/sphinx build/docstrings

`-q` and the missing items are both needed: without them the builder reports to a file and succeeds.
"""

import pkgutil
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import resunet_kit

project = "resunet_kit"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.coverage"]
autodoc_inherit_docstrings = False  # a method that overrides another says what is different

# Modules below it are found by Sphinx. Names count where they are defined, private modules included; the builder
# passes over what a package imports from them.
coverage_modules = ["resunet_kit"]
coverage_show_missing_items = True
coverage_statistics_to_stdout = False

# One page that documents them all. A package's own members would document imported names twice.
rst_epilog = ".. automodule:: resunet_kit\n\n" + "\n".join(
    f".. automodule:: {module.name}\n" + ("" if module.ispkg else "   :members:\n")
    for module in pkgutil.walk_packages(resunet_kit.__path__, "resunet_kit.")
    if not module.name.endswith("__main__")
)


def setup(app: Any) -> None:
    """Replace docstrings by one word: they are Markdown, and whether they exist is all that counts here."""
    app.connect("autodoc-process-docstring", lambda *event: event[-1].__setitem__(slice(None), ["Documented."]))
