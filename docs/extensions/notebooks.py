"""Make the notebooks: convert each script of `docs/notebooks`, run it in a kernel, and keep it with its outputs.

    python docs/extensions/notebooks.py
    python docs/extensions/notebooks.py quickstart --out /tmp

A notebook is kept only if it ran without an error or a warning, and if its outputs name no folder of this machine.
Figures are stored as Plotly's JSON, without plotly.js, which Jupyter has with the package plotly.
"""

import argparse
import json
import multiprocessing
import os
import re
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "docs" / "notebooks").glob("*.py"))
FIGURE = "application/vnd.plotly.v1+json"
# What TensorFlow writes on starting, whatever is asked of it.
STARTING = re.compile(r"^(WARNING: All log messages before absl|[IWE]\d{4} )")
QUIET = {"PLOTLY_RENDERER": "plotly_mimetype", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}


def converted(script: Path) -> Any:
    """Return the notebook of a script, without outputs."""
    import jupytext

    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"  # the same each time
        cell.metadata = {}
    return notebook


def executed(script: Path) -> Any:
    """Return the notebook of a script with its outputs, run in an empty folder."""
    from nbclient import NotebookClient

    notebook = converted(script)
    paths = [QUIET["PYTHONPATH"], os.environ.get("PYTHONPATH", "")]
    os.environ |= QUIET | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            kernel_name="python3",  # of this environment, without an installed kernel specification
            startup_timeout=300,
            timeout=600,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
        )
        client.execute()
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = [cleaned for output in cell.outputs if (cleaned := clean(output, script))]
        check(json.dumps(notebook), [folder, str(ROOT), str(Path.home())], script)
    notebook.metadata.pop("language_info", None)  # the version of Python that ran it
    return notebook


def clean(output: Any, script: Path) -> Any:
    """Return an output as it is kept; None for what TensorFlow writes on starting."""
    if output.output_type == "stream" and output.name == "stderr":
        warnings = [line for line in output.text.splitlines() if line.strip() and not STARTING.match(line)]
        if warnings:
            raise ValueError(
                f"Expected {script.name} to run without a warning. Received {warnings}. Change the script."
            )
        return None
    figure = output.get("data", {}).get(FIGURE)
    if figure:
        figure["config"] = {"responsive": True, "displaylogo": False}
        output.data = {FIGURE: figure, "text/plain": "A figure of Plotly: open the notebook in Jupyter."}
    return output


def check(text: str, folders: list[str], script: Path) -> None:
    """Refuse outputs that name a folder of this machine."""
    named = [folder for folder in folders if len(folder) > 1 and folder in text]
    if named:
        raise ValueError(f"Expected outputs without machine paths. Received {named} of {script.name}. Print less.")


def write(notebook: Any, path: Path) -> None:
    """Write a notebook as Jupyter does."""
    import nbformat

    nbformat.write(notebook, path)


def make(script: Path, folder: Path) -> str:
    """Write the notebook of a script into a folder, and say what it took."""
    started = time.perf_counter()
    path = folder / f"{script.stem}.ipynb"
    write(executed(script), path)
    return f"{path}: {path.stat().st_size / 1000:.0f} kB, {time.perf_counter() - started:.0f} s"


def main() -> None:
    """Make the notebooks that are named, else all."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", choices=[[], *(script.stem for script in SCRIPTS)], help="default: all")
    options.add_argument("--out", type=Path, default=SCRIPTS[0].parent, help="folder (default: that of the scripts)")
    chosen = options.parse_args()
    scripts = [script for script in SCRIPTS if not chosen.names or script.stem in chosen.names]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        for line in pool.map(make, scripts, [chosen.out] * len(scripts)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
