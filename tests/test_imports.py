"""The import order of the package, and what importing it costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import resunet_kit

ROOT = Path(resunet_kit.__file__).parent
CHECKOUT = Path(__file__).parent.parent
FRAMEWORKS = {"tensorflow", "jax", "torch"}

# What each subpackage may import of the others; `_shared` is open to all.
MAY_IMPORT: dict[str, set[str]] = {
    "_shared": set(),
    "blocks": set(),
    "models": {"blocks"},
    "losses": set(),
    "metrics": set(),
    "masks": set(),
    "data": {"masks"},
    "inference": {"models", "masks", "metrics", "data"},
    "plots": {"data", "masks", "metrics"},
    "evaluation": {"masks", "metrics", "data", "inference", "plots"},
    "training": {"models", "losses", "metrics", "masks", "data", "inference", "plots", "evaluation"},
    "cli": {"training", "evaluation", "inference", "data", "masks", "metrics", "models", "plots"},
}
FORBIDDEN: dict[str, set[str]] = {
    "_shared": FRAMEWORKS | {"keras"},
    **dict.fromkeys(("blocks", "models", "losses", "metrics", "inference"), FRAMEWORKS),
    "masks": FRAMEWORKS | {"keras"},
    "plots": FRAMEWORKS | {"keras"},
    "data": {"jax", "torch"},
    "training": {"jax", "torch"},
    "evaluation": FRAMEWORKS,
    "cli": FRAMEWORKS,
}


def imported_names(source: str) -> set[str]:
    """Return the dotted names that a module imports, at its top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def violations(package: str, source: str) -> list[str]:
    """Return what a module of `package` imports against the order."""
    allowed = MAY_IMPORT[package] | {package, "_shared"}
    forbidden = FORBIDDEN[package]
    found = []
    for name in imported_names(source):
        parts = name.split(".")
        if parts[0] in forbidden:
            found.append(name)
        if parts[0] == "resunet_kit" and len(parts) > 1 and parts[1] in MAY_IMPORT and parts[1] not in allowed:
            found.append(name)
    return sorted(found)


def top_level_imports(source: str) -> set[str]:
    """Return the packages that importing a module loads."""
    found = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {name.split(".")[0] for node in found for name in imported_names(ast.unparse(node))}


def private_names(source: str) -> list[str]:
    """Return imports of private modules or names of the package."""
    return sorted(
        name
        for name in imported_names(source)
        if name.startswith("resunet_kit.") and any(part.startswith("_") for part in name.split(".")[1:])
    )


SOURCES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


# Shared by losses and metrics, which compute with `keras.ops`.
SHARED_ON_KERAS = {"keras_options.py", "overlap.py", "truth.py", "value_checks.py"}
# Inside a function, the assertions of a backend, which Keras does not have.
MAY_ASK_THE_BACKEND = {"value_checks.py": {"tensorflow", "jax"}}
# Inside functions, what Keras does not have: the converters of a framework and what runs their files; and, on every
# backend, gradients, compiled functions, random numbers of PyTorch.
MAY_USE_FRAMEWORKS = {
    **{key: {"tensorflow"} for key in ("_conversion", "_onnx_graph", "_quantization", "_runners", "_tracing")},
    **dict.fromkeys(("_gradients", "_stateless_calls"), FRAMEWORKS),
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_import_downwards_only(path):
    package = "cli" if path.name == "__main__.py" else path.relative_to(ROOT).parts[0]
    found = violations(package, path.read_text())
    if package == "_shared" and path.name in SHARED_ON_KERAS:
        own = {"keras"} | MAY_ASK_THE_BACKEND.get(path.name, set())
        found = [name for name in found if name.split(".")[0] not in own]
    used = MAY_USE_FRAMEWORKS.get(path.stem, set()) if package == "inference" else set()
    assert [name for name in found if name.split(".")[0] not in used] == []
    assert used.isdisjoint(top_level_imports(path.read_text()))


@pytest.mark.parametrize(
    ("package", "planted"),
    [
        ("blocks", "import tensorflow as tf"),
        ("blocks", "from resunet_kit.models import res_unet"),
        ("blocks", "from resunet_kit import models"),
        ("losses", "def f():\n    import torch"),
        ("losses", "from resunet_kit.metrics.streaming import DiceScore"),
        ("masks", "import keras"),
        ("plots", "from resunet_kit.inference import grad_cam"),
        ("data", "from resunet_kit.models import res_unet"),
        ("_shared", "import keras"),
        ("_shared", "from resunet_kit.masks import area"),
    ],
)
def test_a_planted_violation_is_found(package, planted):
    assert violations(package, planted) != []


@pytest.mark.parametrize("folder", ["examples", "docs"])
def test_examples_and_docs_use_public_names_only(folder):
    used = {str(path): private_names(path.read_text()) for path in (CHECKOUT / folder).rglob("*.py")}
    assert not {path: names for path, names in used.items() if names}


def test_a_planted_private_name_is_found():
    assert private_names("from resunet_kit.blocks._layers import drop") != []
    assert private_names("from resunet_kit.blocks import conv_block") == []


def run_python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT.parent, check=True)
    return result.stdout.strip()


def test_masks_and_plots_load_no_framework():
    code = "import sys; from resunet_kit import masks, plots; print(sorted(set(sys.modules) & {'keras', 'tensorflow'}))"
    assert run_python(code) == "[]"


def test_importing_the_package_loads_nothing_heavy():
    # What keeps the import below 0.15 s; the benchmarks measure the time itself.
    heavy = {"numpy", "scipy", "skimage", "plotly", "keras", "tensorflow"}
    assert run_python(f"import sys, resunet_kit; print(sorted({heavy} & set(sys.modules)))") == "[]"
