"""The package's names, its version, and what it exports."""

import importlib
import re
from pathlib import Path

import pytest

import resunet_kit

CHECKOUT = Path(__file__).parent.parent


def test_version_is_the_newest_of_the_changelog():
    newest = re.search(r"^## (\S+)", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == resunet_kit.__version__


def test_version_is_that_of_the_citation():
    cited = re.search(r"^version: (\S+)$", (CHECKOUT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert cited.group(1) == resunet_kit.__version__


@pytest.mark.parametrize("name", resunet_kit.__all__)
def test_all_names_what_a_subpackage_exports(name):
    module = importlib.import_module(f"resunet_kit.{name}")
    assert getattr(resunet_kit, name) is module
    assert module.__all__ == sorted(module.__all__)
    for public in module.__all__:
        assert getattr(module, public).__doc__


def test_every_subpackage_is_listed():
    folders = {path.parent.name for path in Path(resunet_kit.__file__).parent.glob("[!_]*/__init__.py")}
    assert folders == set(resunet_kit.__all__)
    assert set(resunet_kit.__all__) <= set(dir(resunet_kit))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'segmentation'"):
        _ = resunet_kit.segmentation


def test_every_module_has_its_test():
    """The same path below `tests`, without the underscores of private names."""
    package = Path(resunet_kit.__file__).parent
    modules = [path.relative_to(package) for path in package.rglob("*.py") if path.name != "__init__.py"]
    tests = [[part.lstrip("_") for part in module.with_suffix("").parts] for module in modules]
    absent = [parts for parts in tests if not CHECKOUT.joinpath("tests", *parts[:-1], f"test_{parts[-1]}.py").is_file()]
    assert absent == []
