"""The reference explains every option where it stands, and shows types by name and choices as literals."""

import importlib
import inspect
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import resunet_kit

DOCS = Path(__file__).parent.parent / "docs"
# "As in `conv_block`." explains nothing where it stands; "as in `r"(\d+)"`" is an example.
ELSEWHERE = re.compile(r"\b(?:as (?:in|for)|see|as passed to|options of) `(?:resunet_kit\.)?([a-zA-Z_]\w*)[`.]", re.I)


def explained(text: str) -> list[tuple[str, str]]:
    """Return name and description of each option that a docstring explains."""
    entry = re.compile(r"^    (\*{0,2}\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)
    sections = re.findall(r"^(?:Args|Attributes):\n((?:    .*\n?|\n)+)", inspect.cleandoc(text), re.MULTILINE)
    return [(name, " ".join(words.split())) for section in sections for name, words in entry.findall(section)]


def public_objects() -> dict[str, object]:
    found: dict[str, object] = {}
    for package in resunet_kit.__all__:
        module = importlib.import_module(f"resunet_kit.{package}")
        for name in module.__all__:
            member = getattr(module, name)
            found[f"{package}.{name}"] = member
            if inspect.isclass(member):
                methods = {key: value for key, value in vars(member).items() if inspect.isfunction(value)}
                found |= {f"{package}.{name}.{key}": value for key, value in methods.items() if key[0] != "_"}
    return found


def sent_elsewhere(text: str) -> list[str]:
    """Return the options whose meaning a docstring leaves to another public name."""
    names = {name.split(".")[-1] for name in public_objects()}
    return [option for option, words in explained(text) for name in ELSEWHERE.findall(words) if name in names - {"fit"}]


def test_options_are_explained_where_they_stand():
    found = {name: sent_elsewhere(inspect.getdoc(member) or "") for name, member in public_objects().items()}
    assert {name: options for name, options in found.items() if options} == {}


def test_a_planted_option_that_is_explained_elsewhere_is_found():
    text = "Sum.\n\nArgs:\n    norm: As in\n        `conv_block`.\n    key: As in `r'(a)'`.\n    x: Anything."
    assert explained(text)[0] == ("norm", "As in `conv_block`.")
    assert sent_elsewhere(text) == ["norm"]


def prose_as_type(text: str) -> list[str]:
    """Return the words before a colon in the first line of Returns, which the reference shows as a type."""
    types = re.findall(r"^(?:Returns|Yields):\n    ([^\n:]+):(?: |$)", inspect.cleandoc(text), re.MULTILINE)
    return [words for words in types if re.search(r"\b(?:an?|the|of|with)\b", re.sub("`[^`]*`", "", words), re.I)]


def test_no_prose_is_shown_as_the_type_of_what_a_function_returns():
    found = {name: prose_as_type(inspect.getdoc(member) or "") for name, member in public_objects().items()}
    assert {name: texts for name, texts in found.items() if texts} == {}
    assert prose_as_type("Sum.\n\nReturns:\n    A pair: x and y.") == ["A pair"]


def test_help_shows_types_by_name():
    """`ArrayLike`, not the union of private classes of NumPy that it stands for."""
    shown = {name: signature_text(member) for name, member in public_objects().items()}
    assert [name for name, text in shown.items() if "_typing" in text] == []
    assert "ArrayLike" in shown["metrics.overlap_scores"]


def signature_text(member: object) -> str:
    try:
        return str(inspect.signature(member))
    except (TypeError, ValueError):  # a type alias, or a class without a signature
        return ""


@pytest.fixture(scope="module")
def reference():
    """The package as the reference shows it: read by griffe, then changed by the project's extensions."""
    griffe = pytest.importorskip("griffe", reason="of the extra docs, which `make docs` installs")
    extensions = [
        "dataclasses",
        *(str(DOCS / "extensions" / name) for name in ("readable_reference.py", "public_names.py")),
    ]
    loaded = griffe.load_extensions(*extensions)
    package = griffe.load("resunet_kit", search_paths=[str(DOCS.parent)], extensions=loaded, docstring_parser="google")
    return SimpleNamespace(griffe=griffe, package=package)


def options_of(reference, path):
    return {option.name: str(option.annotation) for option in reference.package[path].parameters}


@pytest.mark.slow
def test_the_reference_shows_choices_as_literals(reference):
    assert options_of(reference, "losses.Dice")["reduce"] == "'image' | 'batch'"
    accelerate = options_of(reference, "inference.accelerate")
    assert accelerate["engine"] == "'auto' | 'keras' | 'openvino' | 'onnxruntime'"
    assert options_of(reference, "blocks.conv_block")["norm"].endswith("| Callable[[Any], Any] | None")
    assert options_of(reference, "plots.class_balance")["labels"] == "ArrayLike"
    blocks = str(reference.package["plots.Details"].attributes["blocks"].annotation)
    assert blocks.startswith("Sequence[str | go.Figure | Mapping[")
    assert "Union" not in blocks


@pytest.mark.slow
def test_the_reference_shows_no_class_variable_as_an_option(reference):
    assert "other_names" not in options_of(reference, "losses.Dice")


@pytest.mark.slow
def test_loss_functions_have_the_options_of_their_class(reference):
    kind, function = options_of(reference, "losses.Dice"), options_of(reference, "losses.dice")
    assert function.keys() - {"y_true", "y_pred", "sample_weight"} == kind.keys() - {"self", "reduction"}
    described = {option for option, _ in explained(reference.package["losses.dice"].docstring.value)}
    assert described == function.keys()


@pytest.mark.slow
def test_names_in_docstrings_are_links(reference):
    text = reference.package["inference.predict_folder"].docstring.value
    assert "[`Cascade`][resunet_kit.inference.Cascade]" in text
    assert "[`predict_folder`]" not in text
    assert ">>>" in text
    assert "][" not in text[text.index(">>>") :].split("\n\n")[0]


@pytest.mark.slow
def test_examples_are_shown_as_code(reference):
    """Under another heading, Markdown takes `>>>` for three nested quotations."""
    objects = [member for package in reference.package.modules.values() for member in package.members.values()]
    shown = [one.final_target for one in objects if one.is_alias and one.target_path.startswith("resunet_kit.")]
    examples = [one for one in shown if one.docstring and ">>>" in one.docstring.value]
    wrong = [one.path for one in examples if "examples" not in [part.kind.value for part in one.docstring.parsed]]
    assert len(examples) > 100
    assert wrong == []
