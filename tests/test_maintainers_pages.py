"""Pages for maintainers: what they name exists, and their import order is the one that is enforced."""

import re
from pathlib import Path

import pytest

from tests.test_imports import MAY_IMPORT

CHECKOUT = Path(__file__).parent.parent
CONTRIBUTING, ARCHITECTURE, GLOSSARY = (
    CHECKOUT / name for name in ("CONTRIBUTING.md", "docs/pages/architecture.md", "docs/pages/glossary.md")
)


def rows(page: Path) -> list[list[str]]:
    """Return the cells of each row of a page's tables, headings included."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")]


@pytest.mark.parametrize("page", [CONTRIBUTING, ARCHITECTURE], ids=lambda page: page.stem)
def test_files_that_the_page_names_exist(page):
    named = re.findall(r"`([\w./]+(?:\.py|\.md|\.cff|/))`", page.read_text(encoding="utf-8"))
    assert named
    assert [name for name in named if not any((CHECKOUT / root / name).exists() for root in ("", "resunet_kit"))] == []


def test_tests_and_lists_that_contributing_names_exist():
    text = CONTRIBUTING.read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+|[A-Z_]{5,})`", text)
    sources = "".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "tests").rglob("*.py"))
    assert named
    assert [name for name in named if not re.search(rf"\b{name}\b", sources)] == []


def test_make_targets_of_contributing_exist():
    targets = re.findall(r"^make ([a-z-]+)$|`make ([a-z-]+)`", CONTRIBUTING.read_text(encoding="utf-8"), re.MULTILINE)
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    assert targets
    assert [target for target in map("".join, targets) if f"\n{target}:" not in makefile] == []


def test_the_import_order_is_the_one_that_is_enforced():
    table = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[2])) for row in rows(ARCHITECTURE) if len(row) == 4}
    del table["Subpackage"]
    assert table == MAY_IMPORT


def test_the_glossary_is_in_alphabetical_order():
    terms = [row[0].lower() for row in rows(GLOSSARY)][1:]
    assert terms == sorted(terms)
    assert all(len(row) == 2 for row in rows(GLOSSARY))
