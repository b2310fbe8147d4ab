"""Images and masks that lie in one folder, told apart by their names."""

import os
import re
from collections.abc import Callable, Sequence

from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.pairing.affixes import Affixes, candidates
from resunet_kit.data.pairing.names import Name, names, quoted, stem

_MASK_WORD = re.compile(
    r"(?<![a-z])(masks?|labels?|labelled|seg|segs|segmentations?|segmented|annotations?|annotated|gt|groundtruth|truth|"
    r"rois?|lesions?|contours?|targets?|matte|manual|[a-z]+(mask|label|seg)s?)(?![a-z])",
    re.IGNORECASE,
)


def separated(
    images: Sequence[PathLike], masks: Sequence[PathLike], affixes: tuple[Affixes, Affixes] | None
) -> tuple[list[Name], list[Name]]:
    """Return the names of images and masks, without the files of one list that belong to the other.

    Raises:
        ValueError: If the names do not tell which of the common files are masks.
    """
    as_image, as_mask = ({os.path.abspath(path) for path in paths} for paths in (images, masks))
    both = as_image & as_mask
    if not both:
        return names(images), names(masks)
    if affixes and affixes[0] != affixes[1]:
        is_mask = _told_by(*affixes)
    elif as_mask < as_image:
        is_mask = as_mask.__contains__
    elif as_image < as_mask:
        is_mask = lambda path: path not in as_image  # noqa: E731
    else:
        is_mask = _told_by(Affixes(), _affixes_of_masks(sorted(both)))
    return (
        names([path for path in images if os.path.abspath(path) not in both or not is_mask(os.path.abspath(path))]),
        names([path for path in masks if os.path.abspath(path) not in both or is_mask(os.path.abspath(path))]),
    )


def _told_by(image: Affixes, mask: Affixes) -> Callable[[str], bool]:
    """Return the test whether a file is a mask: by the affixes of masks, or if these are empty, of images."""
    if mask == Affixes():
        return lambda path: image.core(stem(os.path.basename(path))) is None
    return lambda path: mask.core(stem(os.path.basename(path))) is not None


def _affixes_of_masks(paths: Sequence[str]) -> Affixes:
    """Return the affixes that contain a word for masks, if all of these select the same files."""
    found: dict[frozenset[str], Affixes] = {}
    for affixes in candidates([stem(os.path.basename(path)) for path in paths]):
        chosen = frozenset(filter(_told_by(Affixes(), affixes), paths))
        worded = _MASK_WORD.search(affixes.prefix.replace("_", " ")) or _MASK_WORD.search(
            affixes.suffix.replace("_", " ")
        )
        if worded and len(chosen) < len(paths):
            found.setdefault(chosen, affixes)
    largest = max(found, key=len, default=frozenset())
    if not found or any(not chosen <= largest for chosen in found):
        raise ValueError(
            "Expected images and masks in two lists, or with names that tell one from the other. Received both in "
            f"one, such as {quoted(paths, 4)}. Pass mask_suffix or mask_prefix, what names of masks have more than "
            "those of images, as in mask_suffix='_mask'."
        )
    return found[largest]


def without_masks(paths: Sequence[PathLike]) -> list[PathLike]:
    """Return the files without masks of others among them: `x_mask.tif` where `x.tif` lies in the same folder."""
    stems = {(os.path.dirname(path), stem(os.path.basename(path))) for path in map(os.path.abspath, paths)}
    return [path for path in paths if not _is_mask_of_another(os.path.abspath(path), stems)]


def _is_mask_of_another(path: str, stems: set[tuple[str, str]]) -> bool:
    folder, own = os.path.dirname(path), stem(os.path.basename(path))
    cuts = [(own[:cut], own[cut:]) for cut in range(1, len(own))]
    return any(
        (folder, image) in stems and _MASK_WORD.search(affix.replace("_", " "))
        for before, after in cuts
        for image, affix in ((before, after), (after, before))
    )
