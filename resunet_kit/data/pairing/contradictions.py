"""Lists of pairs whose names say that other files belong together."""

import warnings
from collections.abc import Sequence

from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.pairing.affixes import candidates
from resunet_kit.data.pairing.matching import SeveralMatches, detected
from resunet_kit.data.pairing.names import Name, names

_SAMPLED = 24  # pairs that affixes are looked for in before they are tried on all
_SHOWN = 3
_MANY = 5_000  # images of which only the exact names are compared, which takes seconds for 100,000


def warn_of_contradictions(images: Sequence[PathLike], masks: Sequence[PathLike]) -> None:
    """Warn where an image is not paired with the mask of its name."""
    found = contradictions(images, masks)
    if not found:
        return
    shown = "; ".join(
        f"{str(image)!r} with {str(mask)!r} although there is {str(named)!r}" for image, mask, named in found[:_SHOWN]
    )
    warnings.warn(
        f"{len(found)} of {len(images)} images are paired with a mask that by its name belongs to another image: "
        f"{shown}{'; ...' if len(found) > _SHOWN else ''}. Sorted lists are not pairs: pair_by_name of "
        "resunet_kit.data returns both lists in one order.",
        UserWarning,
        stacklevel=4,
    )


def contradictions(images: Sequence[PathLike], masks: Sequence[PathLike]) -> list[tuple[PathLike, PathLike, PathLike]]:
    """Return image, given mask and the mask of the image's name, for each pair where the two masks differ.

    Only where nearly all names match one to one: in other lists, common names mean nothing.
    """
    kinds = [list(dict.fromkeys(map(str, paths))) for paths in (images, masks)]
    if min(map(len, kinds)) < 2 or _aligned(names(images), names(masks)):
        return []
    image_names, mask_names = map(names, kinds)
    try:
        found = detected(image_names, mask_names, exactly=len(image_names) > _MANY)
    except SeveralMatches:
        return []
    if found.repeated or 5 * len(found) < 4 * max(map(len, kinds)):
        return []
    named = {str(image_names[image].path): str(mask_names[mask].path) for image, mask in found.mask_of.items()}
    own = set(named.values())
    return [
        (image, mask, named[str(image)])
        for image, mask in zip(images, masks, strict=True)
        if str(mask) in own and named.get(str(image), str(mask)) != str(mask)
    ]


def _aligned(images: Sequence[Name], masks: Sequence[Name]) -> bool:
    """Return whether each pair has one name under some affixes, and no other pair has it."""
    step = max(1, len(images) // _SAMPLED)
    sampled = [[name.stem for name in files[::step]] for files in (images, masks)]
    by_cores = {tuple(map(affixes.core, sampled[0])): affixes for affixes in candidates(sampled[0])}
    for mask in candidates(sampled[1]):
        image = by_cores.get(tuple(map(mask.core, sampled[1])))
        if image is None or None in map(mask.core, sampled[1]):
            continue
        cores = [(mask.core(one.stem), one.folders, other.folders) for one, other in zip(masks, images, strict=True)]
        alone = len({core for core, *_ in cores}) == len(cores) or all(one == other for _, one, other in cores)
        if alone and all(
            core is not None and image.core(name.stem) == core for name, (core, *_) in zip(images, cores, strict=True)
        ):
            return True
    return False
