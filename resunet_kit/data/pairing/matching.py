"""Matching of the names of two lists, by keys that both have."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from resunet_kit.data.pairing.affixes import Affixes, candidates, compatible
from resunet_kit.data.pairing.names import Name, loose

_SAMPLED = 24  # names that a candidate is tried on before it is tried on all

Keys = Sequence[Hashable | None]  # None for a file without the affixes


@dataclass
class Match:
    """Matching entries of two lists.

    Attributes:
        mask_of: The index of the mask of each image that has one.
        repeated: Pairs of lists of indices of images and masks with one key, of which one holds more than one.
    """

    mask_of: dict[int, int] = field(default_factory=dict)
    repeated: list[tuple[list[int], list[int]]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.mask_of)


class SeveralMatches(ValueError):
    """Two ways to read the names pair files differently; the arguments are the two, as affixes of masks or images."""


def match(images: Keys, masks: Keys) -> Match:
    """Return which image and which mask have the same key."""
    found, of_images, of_masks = Match(), _indices(images), _indices(masks)
    for key, indices in of_images.items():
        if key in of_masks:
            found.mask_of[indices[0]] = of_masks[key][0]
            if len(indices) > 1 or len(of_masks[key]) > 1:
                found.repeated.append((indices, of_masks[key]))
    return found


def loosened(keys: Keys) -> Keys | None:
    """Return keys without case and leading zeros; None if this makes any two of them equal."""
    loosely = [None if key is None else _loosened(key) for key in keys]
    return loosely if len(set(loosely)) == len(set(keys)) else None


def detected(images: Sequence[Name], masks: Sequence[Name], *, exactly: bool = False) -> Match:
    """Return the pairs by the prefixes and suffixes that most of the names have.

    Names are compared with their folders, or alone where no two are the same; exactly or, unless `exactly`, also
    without case and leading zeros (which takes ten times as long). The comparison that matches the most files is used,
    the first among equals.

    Raises:
        SeveralMatches: If two ways to read the names match equally many, but different, files.
    """
    best = Match()
    for in_folders in (True, False):
        if not in_folders and not _without_folders(images, masks):
            continue
        for loosely in (False,) if exactly else (False, True):
            found = _best(_keyed(images, in_folders, loosely), _keyed(masks, in_folders, loosely))
            if not in_folders:
                drop_other_folders(found, images, masks)
            if len(found) > len(best):
                best = found
            if len(best) == len(images) == len(masks):
                return best
    return best


def drop_other_folders(found: Match, images: Sequence[Name], masks: Sequence[Name]) -> None:
    """Leave out pairs from two folders that each hold both images and masks: they are of two patients."""
    shared = {name.folders for name in images} & {name.folders for name in masks}
    for image, mask in list(found.mask_of.items()):
        here, there = images[image].folders, masks[mask].folders
        if here != there and here in shared and there in shared:
            del found.mask_of[image]


def _without_folders(*lists: Sequence[Name]) -> bool:
    """Return whether names alone are worth a try: there are folders, and no name is in two of them."""
    return any(name.folders for names in lists for name in names) and all(
        len({name.stem for name in names}) == len(names) for names in lists
    )


def _indices(keys: Keys) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key is not None:
            found[key].append(index)
    return found


def _loosened(key: Hashable) -> Hashable:
    return tuple(map(_loosened, key)) if isinstance(key, tuple) else loose(str(key))


_Keyed = list[tuple[Affixes, Keys]]


def _keyed(names: Sequence[Name], in_folders: bool, loosely: bool) -> _Keyed:
    """Return the keys under each candidate of affixes."""
    found = []
    for affixes in candidates([name.stem for name in names]):
        cores = [affixes.core(name.stem) for name in names]
        keys: Keys | None = [
            None if core is None else (name.folders if in_folders else (), core)
            for name, core in zip(names, cores, strict=True)
        ]
        keys = loosened(keys) if loosely and keys else keys
        if keys and any(key is not None for key in keys):
            found.append((affixes, keys))
    return found


def _best(images: _Keyed, masks: _Keyed) -> Match:
    """Return the match of the most files; it needs half of the shorter list, or else nothing matches."""
    best, chosen, rival = Match(), None, None
    sets = [(affixes, keys, set(keys) - {None}) for affixes, keys in masks]
    for image_affixes, image_keys in images:
        sampled = [key for key in image_keys if key is not None][:: max(1, len(image_keys) // _SAMPLED)]
        for mask_affixes, mask_keys, known in sets:
            if not compatible(image_affixes, mask_affixes) or not any(key in known for key in sampled):
                continue
            found = match(image_keys, mask_keys)
            if len(found) == len(image_keys) == len(mask_keys):
                return found
            if len(found) > len(best):
                best, chosen, rival = found, (image_affixes, mask_affixes), None
            elif found.mask_of != best.mask_of and len(found) == len(best):
                rival = (image_affixes, mask_affixes)
    if not images or not masks or 2 * len(best) < min(len(images[0][1]), len(masks[0][1])):
        return Match()
    if rival:
        raise SeveralMatches(chosen, rival)
    return best
