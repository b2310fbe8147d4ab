"""Every error of the package reads "Expected … Received …" and ends with a cure."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import resunet_kit

PACKAGE = Path(resunet_kit.__file__).parent

# Messages of an action that failed rather than of a value that was passed.
OTHER_SENTENCES = ("Cannot read", "Cannot write", "The ImageNet weights of", "module {")

# Their errors are causes in the sentence "Cannot read …: …".
CAUSES = {"data/files/nifti.py", "data/files/pnm.py", "data/files/tiff.py"}


def messages(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every ValueError and TypeError that a module makes from a text of its own."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("ValueError", "TypeError") and node.args:
            text = text_of(node.args[0])
            if text:
                yield node.lineno, text


def text_of(node: ast.expr) -> str:
    """Return a literal as it stands in the source, `{…}` for what is computed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    return text_of(node.left) + text_of(node.right) if isinstance(node, ast.BinOp) else ""


def faults(text: str) -> list[str]:
    if text.startswith((*OTHER_SENTENCES, "{…}")):
        return []
    found = []
    if not text.startswith("Expected "):
        found.append("does not begin with what was expected")
    if "Received " not in text and not text.endswith("{…}"):  # the rest is computed
        found.append("does not say what was received, in a sentence of its own")
    elif "Received " in text and not re.search(r"Received .+?[.:;,?] ?\S", text, re.DOTALL):
        found.append("does not end with a cure")
    return [f"{fault}: {text}" for fault in found]


def test_every_error_says_what_was_expected_what_came_and_what_to_do():
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {fault}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).as_posix() not in CAUSES
        for line, text in messages(path.read_text(encoding="utf-8"))
        for fault in faults(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    ['raise ValueError("wrong")', 'raise ValueError(f"Expected x, received {x}. Pass 1.")',
     'raise TypeError(f"Expected x. Received {x}")'],
)  # fmt: skip
def test_a_planted_error_without_that_form_is_found(planted):
    assert [fault for _, text in messages(planted) for fault in faults(text)] != []
