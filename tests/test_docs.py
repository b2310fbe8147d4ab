"""The guides' code runs and prints what they say; the reference lists exactly the public names."""

import ast
import importlib
import inspect
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import resunet_kit
from examples import several_processes
from examples.brain_mri import cli
from resunet_kit.cli import command_line

PAGES = Path(__file__).parent.parent / "docs" / "pages"
GUIDES = sorted([PAGES / "index.md", *(PAGES / "guides").glob("*.md"), *(PAGES / "tutorials").glob("*.md")])
SLOW = {
    "blocks_and_networks",
    "choose_a_network",
    "fit_folder",
    "index",
    "moving_from_other_libraries",
    "transfer_learning",
    "tutorials/brain_mri",
}  # take longest
PARSERS = {
    "python -m examples.brain_mri ": cli.parser,
    "python -m examples.several_processes ": several_processes.parser,
    "python -m resunet_kit ": command_line.parser,
}


def named(page: Path) -> str:
    """Return the page's name, with its folder where a guide has the same."""
    return page.stem if page.parent.name != "tutorials" else f"tutorials/{page.stem}"


def blocks(page: Path) -> list[tuple[str, int, str]]:
    """Return language, first line and text of each code block."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(block[1], text.count("\n", 0, block.start(2)), block[2]) for block in found]


@pytest.fixture
def untraced():
    """Run steps eagerly: tracing takes five seconds a fit, and the guides' fits are of a few steps."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("untraced")
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning")
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, id=named(page), marks=[pytest.mark.slow] if named(page) in SLOW else []) for page in GUIDES],
)
def test_guides_run_and_print_what_they_say(page, tmp_path, monkeypatch, capsys):
    """All blocks of a page share one namespace; a text block is what the block before it prints."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    printed = ""
    for language, line, text in blocks(page):
        location = f"{page.name}:{line}"
        if language == "text":
            assert printed == text, location
            printed = ""
            continue
        assert not printed, f"{location}: the block before prints what the page does not show"
        if language == "python":
            # The blank lines make errors name the page's own line.
            exec(compile("\n" * line + text, str(page), "exec"), names)
            printed = capsys.readouterr().out
    assert not printed


def calls_of_the_library(page: Path) -> list[tuple[Callable[..., Any], ast.Call]]:
    """Return the calls in the blocks that are shown but not run: they need files, other packages or many machines."""
    trees = [(language, tree) for language, _, text in blocks(page) if (tree := parsed(text))]
    imported = {
        alias.asname or alias.name: getattr(importlib.import_module(node.module), alias.name)
        for _, tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("resunet_kit.")
        for alias in node.names
    }
    nodes = [node for language, tree in trees if not language for node in ast.walk(tree)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [(imported[call.func.id], call) for call in calls if call.func.id in imported]


def parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:  # a listing of files, or another language
        return None


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_blocks_that_are_not_run_call_the_library_by_its_signatures(page):
    for function, call in calls_of_the_library(page):
        inspect.signature(function).bind(*call.args, **{keyword.arg: keyword.value for keyword in call.keywords})


def test_blocks_that_are_not_run_are_found():
    names = {function.__name__ for page in GUIDES for function, _ in calls_of_the_library(page)}
    assert names >= {"accelerate", "evaluate", "fit_folder", "predict_folder", "tune_for_machine"}


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_commands_of_the_guides_parse(page):
    assert {language for language, _, _ in blocks(page)} <= {"", "python", "text", "shell"}
    commands = "".join(text for language, _, text in blocks(page) if language == "shell").splitlines()
    for command in commands:
        [program] = [program for program in PARSERS if command.startswith(program)]
        PARSERS[program]().parse_args(shlex.split(command.removeprefix(program).removesuffix(" &")))


def test_every_subpackage_has_a_reference_page():
    assert {page.stem for page in (PAGES / "reference").glob("*.md")} == set(resunet_kit.__all__)


@pytest.mark.parametrize("package", resunet_kit.__all__)
def test_reference_lists_exactly_the_public_names(package):
    page = (PAGES / "reference" / f"{package}.md").read_text(encoding="utf-8")
    assert re.findall(r"^::: (\S+)$", page, re.MULTILINE) == [f"resunet_kit.{package}"]
    [members] = re.findall(r"^      members: \[(.*?)\]$", page, re.MULTILINE)
    assert members.split(", ") == list(importlib.import_module(f"resunet_kit.{package}").__all__)


def test_every_page_is_in_the_navigation():
    config = (PAGES.parent / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"(\S+\.md)$", config[config.index("\nnav:") :], re.MULTILINE)
    notebooks = [f"notebooks/{path.stem}.md" for path in PAGES.parent.glob("notebooks/*.ipynb")]
    assert sorted(listed) == sorted([*notebooks, *(str(page.relative_to(PAGES)) for page in PAGES.rglob("*.md"))])


def test_the_start_page_leads_to_every_page_outside_the_reference():
    pages = {str(page.relative_to(PAGES)) for page in PAGES.rglob("*.md") if page.parent.name != "reference"}
    linked = set(re.findall(r"\]\(([^)#]+\.md)\)", (PAGES / "index.md").read_text(encoding="utf-8")))
    assert sorted(pages - linked) == ["index.md"]
