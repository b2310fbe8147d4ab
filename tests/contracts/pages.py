"""Blocks that a page of the documentation defines."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any


def is_block(statement: ast.stmt) -> bool:
    """Say whether a statement defines a function of `(x, filters, ...)`."""
    if not isinstance(statement, ast.FunctionDef):
        return False
    return [argument.arg for argument in statement.args.args[:2]] == ["x", "filters"]


def blocks_of_page(page: Path) -> dict[str, Callable[..., Any]]:
    """Run the Python code of a Markdown page up to its last definition of a block; return its blocks by name."""
    code = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    statements = ast.parse("\n".join(code)).body
    positions = [i for i, statement in enumerate(statements) if is_block(statement)]
    names: dict[str, Any] = {"__name__": page.stem}
    # What follows, as the use of the blocks, has its own test.
    wanted = ast.Module(statements[: positions[-1] + 1] if positions else [], type_ignores=[])
    exec(compile(wanted, str(page), "exec"), names)
    return {statement.name: names[statement.name] for statement in wanted.body if is_block(statement)}
