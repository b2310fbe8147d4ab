"""Group of each image, such as the patient, from the user's option or from names."""

import os
import re
from collections.abc import Callable, Hashable, Sequence
from pathlib import PurePosixPath
from typing import Any

from resunet_kit._shared.groups import sample_values

Groups = str | Callable[[str], Hashable] | Sequence[Hashable] | None

SMALLEST = 3  # groups: one for each of training, validation and test
MANY = 10  # groups whose names have no number; fewer are more likely classes, such as benign, malignant and normal
# A word for the subject of an image, and its number or name: patient_07, sub-A, case3.
_NAMED = re.compile(
    r"(?<![a-z])(patient|subject|person|participant|subj|sub|pat|pid|case)(?:[-_ ]([a-z0-9]+)|(\d+))", re.IGNORECASE
)
# The counter of the images in a group: the last number of a name, with a word before it.
_COUNTER = re.compile(r"[-_. ]*(slice|frame|image|img|tile|patch|view|scan|z|t)?[-_. ]*\d+$", re.IGNORECASE)
_EXTENSION = re.compile(r"(\.nii\.gz|\.[A-Za-z][A-Za-z0-9]{0,5})$")
_CURE = "Pass groups as a regular expression with a group, a function of the path, a list, 'folder' or None."


def groups_of(paths: Sequence[str], groups: Groups) -> tuple[list[str], str]:
    """Return the group of each image as a string, and a sentence that says how it was found.

    Args:
        paths: Paths of the images.
        groups: `"auto"` looks in folders and names, `"folder"` takes the first folder that differs; any other string is
            a regular expression, whose groups are joined, searched in the path with forward slashes; a function of the
            path; one entry per image; or None, which makes each image a group of its own.

    Raises:
        TypeError: If `groups` is of another type.
        ValueError: If it gives no group for an image.
    """
    if groups is None:
        return _own(paths), "Groups: each image is one of its own, as groups=None says."
    if isinstance(groups, str):
        return _by_text(paths, groups)
    if callable(groups):
        return _checked(paths, [groups(path) for path in paths], "the function that was given")
    if isinstance(groups, bytes) or not hasattr(groups, "__len__"):
        raise TypeError(f"Expected groups to say which images belong together. Received groups={groups!r}. {_CURE}")
    return _checked(paths, sample_values("groups", groups, length=len(paths)).tolist(), "the list that was given")


def _by_text(paths: Sequence[str], groups: str) -> tuple[list[str], str]:
    if groups == "auto":
        return _found(paths)
    if groups == "folder":
        folders = _first_folders(paths)
        if folders is None:
            raise ValueError(
                f"Expected images in several folders with groups='folder'. Received {paths[0]!r} and others beside it. "
                "Pass groups='auto', or a regular expression with a group."
            )
        return folders, f"Groups: {_count(folders)} folders, as groups='folder' says."
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise ValueError(
            f"Expected groups to be a regular expression. Received groups={groups!r} ({error}). {_CURE}"
        ) from None
    if not pattern.groups:
        raise ValueError(
            f"Expected groups to hold a group. Received groups={groups!r}. Put what names the patient in brackets, as "
            "in groups=r'(patient_\\d+)'."
        )
    matches = [pattern.search(_posix(path)) for path in paths]
    values = [None if match is None else "/".join(part or "" for part in match.groups()) for match in matches]
    return _checked(paths, values, f"the regular expression {groups!r}")


def _checked(paths: Sequence[str], values: Sequence[Any], source: str) -> tuple[list[str], str]:
    for path, value in zip(paths, values, strict=True):
        if value is None or value != value:
            raise ValueError(
                f"Expected a group for each image. Received none for {path!r} from {source}. Change it so that it says "
                "which patient, or what else, each image shows."
            )
    names = [str(value) for value in values]
    return names, f"Groups: {_count(names)}, by {source}."


def _found(paths: Sequence[str]) -> tuple[list[str], str]:
    """Return the groups from the first rule that finds enough of them, or each image as its own group."""
    named = _named(paths)
    if named is not None and _count(named) > 1:  # two are too few to split, and more than enough to leak
        return named, _sentence(named, "named in the paths")
    for rule, names in (
        ("one for each folder", _first_folders(paths)),
        ("the beginnings of the names, without the number at the end", _beginnings(paths)),
    ):
        if names is not None and _are_groups(names):
            return names, _sentence(names, rule)
    return _own(paths), (
        "Groups: none found in names and folders, so each image counts as one of its own. If several images show one "
        "patient or scene, pass groups; otherwise the scores will be too high."
    )


def _sentence(names: Sequence[str], rule: str) -> str:
    return (
        f"Groups: {_count(names)} found, {rule}, such as {names[0]!r}. No group is in two parts of the split. If they "
        "are not the patients or scenes, pass groups."
    )


def _are_groups(names: Sequence[str]) -> bool:
    """Return whether names look like groups: there are enough, of several images each, and numbered or many."""
    distinct = set(names)
    numbered = sum(any(map(str.isdigit, name)) for name in distinct) > len(distinct) / 2
    return len(distinct) >= (SMALLEST if numbered else MANY) and len(names) >= 1.5 * len(distinct)


def _named(paths: Sequence[str]) -> list[str] | None:
    """Return the first word for a patient with its number in each path, as in patient_07; None if one has none."""
    matches = [_NAMED.search(path) for path in _relative(paths)]
    return [match[0].lower() for match in matches if match] if all(matches) else None


def _first_folders(paths: Sequence[str]) -> list[str] | None:
    """Return the first folder below the common one; None if images lie in one folder or in the common one."""
    parts = [PurePosixPath(path).parts for path in _relative(paths)]
    if any(len(part) < 2 for part in parts) or len({part[0] for part in parts}) < 2:
        return None
    return [part[0] for part in parts]


def _beginnings(paths: Sequence[str]) -> list[str] | None:
    """Return the names without the number at their end; None if nothing is left of one of them."""
    names = [_COUNTER.sub("", _EXTENSION.sub("", path)) for path in _relative(paths)]
    return names if all(re.search(r"\w", name.rpartition("/")[2]) for name in names) else None


def _own(paths: Sequence[str]) -> list[str]:
    return _relative(paths)


def _relative(paths: Sequence[str]) -> list[str]:
    """Return the paths below their common folder, with forward slashes."""
    common = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    return [_posix(os.path.relpath(os.path.abspath(path), common)) for path in paths]


def _posix(path: str) -> str:
    return path.replace(os.sep, "/")


def _count(names: Sequence[str]) -> int:
    return len(set(names))
