"""Let the reference read as the field's: choices as literals, types by name, every option explained, names as links."""

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import griffe

ALIASES_KEPT = {"Tensor", "PathLike"}  # they say more than what they stand for
METHODS_OF_BASES = {"losses": "SegmentationLoss", "metrics": "OverlapMetric"}  # what their subclasses override
QUOTED = re.compile(r"(?<![\[`\w])`([A-Za-z_][\w.]*)`(?!`|\])")


class ReadableReference(griffe.Extension):
    """Change what is shown of signatures and docstrings, after griffe has read the package."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Change every object of the package, its losses and metrics, and the names in its docstrings."""
        for owner in objects(pkg):
            show_types(owner)
        for package, base in METHODS_OF_BASES.items():
            hide_inherited_methods(pkg[package], base)
        explain_options(pkg["losses"])
        link_names(pkg)


def objects(owner: Any) -> Iterator[Any]:
    """Return all objects below, each once, where they are defined."""
    for member in owner.members.values():
        if not member.is_alias:
            yield member
            yield from objects(member)


def public_objects(package: Any) -> dict[str, Any]:
    """Return what each public name of a subpackage means: what it imports, not a module of the same name."""
    found = {}
    for name in map(str, package.exports):
        member = package[name]
        member = member[name] if member.is_module and name in package.imports else member
        if member.is_alias:
            member.resolve_target()
            member = member.final_target
        found[name] = member
    return found


# === Types ===


def show_types(owner: Any) -> None:
    """Write the types of a function or an attribute with literals, and leave out what only looks like an option."""
    if owner.is_function:
        options = [option for option in owner.parameters if not str(option.annotation).startswith("ClassVar")]
        owner.parameters = griffe.Parameters(*options)
        for option in options:
            option.annotation = readable(option.annotation)
        owner.returns = readable(owner.returns)
    elif owner.is_attribute:
        owner.annotation = readable(owner.annotation)


def readable(annotation: Any) -> Any:
    """Return `"a" | "b"` for `Literal["a", "b"]` and for a `Union`, and what an alias of this package stands for."""
    if isinstance(annotation, griffe.ExprName):
        meaning = alias_value(annotation)
        return annotation if meaning is None else readable(meaning)
    if isinstance(annotation, griffe.ExprSubscript) and annotation.canonical_path == "typing.Literal":
        choices = annotation.slice
        return union(choices.elements if isinstance(choices, griffe.ExprTuple) else [choices])
    if isinstance(annotation, griffe.ExprSubscript) and annotation.canonical_path == "typing.Union":
        return union([part for choice in annotation.slice.elements for part in members(readable(choice))])
    if isinstance(annotation, griffe.ExprBinOp) and annotation.operator == "|":
        return union([*members(readable(annotation.left)), *members(readable(annotation.right))])
    if isinstance(annotation, list):
        return [readable(part) for part in annotation]
    if isinstance(annotation, griffe.Expr):
        parts = {field.name: getattr(annotation, field.name) for field in dataclasses.fields(annotation)}
        return dataclasses.replace(annotation, **{name: readable(part) for name, part in parts.items()})
    return annotation


def members(annotation: Any) -> list[Any]:
    """Return the types that `|` joins."""
    if isinstance(annotation, griffe.ExprBinOp) and annotation.operator == "|":
        return [*members(annotation.left), *members(annotation.right)]
    return [annotation]


def alias_value(name: griffe.ExprName) -> Any:
    """Return what a name stands for if it is a type alias of this package, else None."""
    if name.name in ALIASES_KEPT or not name.canonical_path.startswith("resunet_kit."):
        return None
    try:
        found = name.resolved
    except Exception:  # griffe raises what it happens to meet
        return None
    found = getattr(found, "final_target", found)
    value = getattr(found, "value", None)
    return None if isinstance(value, griffe.ExprCall) or not isinstance(value, griffe.Expr) else value


def union(parts: list[Any]) -> Any:
    """Return the parts joined by `|`, each once, and None last."""
    once = {str(part): part for part in parts}
    first, *others = sorted(once.values(), key=lambda part: str(part) == "None")
    joined = first
    for part in others:
        joined = griffe.ExprBinOp(joined, "|", part)
    return joined


# === Losses and metrics ===


def hide_inherited_methods(package: Any, base: str) -> None:
    """Leave out of subclasses the methods that one writes for a loss of one's own: they stand at the base class."""
    public = public_objects(package)
    hooks = {name for name, member in public[base].members.items() if member.is_function and name[0] != "_"}
    for kind in public.values():
        if kind.is_class and base in [parent.name for parent in kind.mro()]:
            for hook in hooks & kind.members.keys():
                kind.del_member(hook)


def explain_options(losses: Any) -> None:
    """Give each loss function the options of its class: in the signature, and in the words that `help` shows."""
    shown = importlib.import_module(losses.path)
    public = public_objects(losses)
    kinds = {snake_case(name): kind for name, kind in public.items() if kind.is_class}
    for name, function in public.items():
        if function.is_function and name in kinds:
            own = [option for option in function.parameters if option.name != "options"]
            shared = [option for option in kinds[name].parameters if option.name not in ("self", "reduction")]
            function.parameters = griffe.Parameters(*own, *shared)
            function.docstring.value = inspect.getdoc(getattr(shown, name))


def snake_case(name: str) -> str:
    """Return `focal_tversky` for `FocalTversky`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


# === Links ===


def link_names(pkg: Any) -> None:
    """Make links of the public names in docstrings, but in examples and where the name is an option there."""
    paths = public_paths(pkg)
    for owner in objects(pkg):
        if owner.docstring:
            known = paths.keys() - own_names(owner)
            owner.docstring.value = linked(owner.docstring.value, {name: paths[name] for name in known})
            # The only spelling whose `>>>` lines griffe reads as code: under the other Markdown sees three quotations.
            owner.docstring.value = owner.docstring.value.replace("\nExample:\n", "\nExamples:\n")


def public_paths(pkg: Any) -> dict[str, str]:
    """Return the path of each public name that no ordinary word and no second subpackage has."""
    found: dict[str, list[str]] = {}
    for package in pkg.modules.values():
        for name in map(str, package.exports or ()):
            found.setdefault(name, []).append(f"{package.path}.{name}")
    unique = {name: paths[0] for name, paths in found.items() if len(paths) == 1}
    named = {name: path for name, path in unique.items() if name != name.lower() or "_" in name}
    return named | {path: path for path in unique.values()}


def own_names(owner: Any) -> set[str]:
    """Return the names that mean something else in a docstring: the object's own, its options and attributes."""
    around = [owner, owner.parent] if owner.parent and owner.parent.is_class else [owner]
    options = {option.name for one in around for option in getattr(one, "parameters", ())}
    return options | {one.name for one in around} | {name for one in around for name in one.members}


def linked(text: str, paths: dict[str, str]) -> str:
    """Return the docstring with links, outside of its examples."""

    def link(match: re.Match[str]) -> str:
        return f"[{match[0]}][{paths[match[1]]}]" if match[1] in paths else match[0]

    parts = re.split(r"(^Examples?:\n(?:^[ \t].*\n?|^\n)*)", text, flags=re.MULTILINE)
    return "".join(part if number % 2 else QUOTED.sub(link, part) for number, part in enumerate(parts))
