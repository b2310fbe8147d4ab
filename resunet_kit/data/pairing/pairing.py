"""Pairs of image and mask files by name."""

import os
import re
import unicodedata
from collections.abc import Callable, Hashable, Sequence
from typing import Literal, get_args

from resunet_kit._shared.numbers import choice
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.pairing.affixes import Affixes
from resunet_kit.data.pairing.listing import Files, listed
from resunet_kit.data.pairing.matching import Keys, Match, SeveralMatches, detected, drop_other_folders, loosened, match
from resunet_kit.data.pairing.names import Name, natural, quoted, stem
from resunet_kit.data.pairing.separation import separated

Key = str | Callable[[PathLike], Hashable]
Unmatched = Literal["raise", "drop"]

_CURE = (
    "Pass image_prefix, image_suffix, mask_prefix or mask_suffix, what one kind of name has more than the other, or "
    "as key a regular expression, or a tuple of two, for images and for masks."
)


def pair_by_name(
    images: Files,
    masks: Files,
    *,
    image_prefix: str | None = None,
    image_suffix: str | None = None,
    mask_prefix: str | None = None,
    mask_suffix: str | None = None,
    key: Key | tuple[Key, Key] | None = None,
    unmatched: Unmatched = "raise",
) -> tuple[list[PathLike], list[PathLike]]:
    r"""Pair image and mask files by name, in natural order.

    Sorting both lists does not pair them: `case_10.png` comes after `case_1.png`, but `case_10_mask.png` before
    `case_1_mask.png`. Here, names are compared without their extensions: `x.nii.gz` and `x_seg.nii.gz`, `img_3` and
    `label_3`, `case_0000` and `case`, equal names in two folders, and `case_1/imaging` and `case_1/labels` are pairs.
    Folders count as part of the name where names repeat, as in `images/patient_1/slice_3.png`. Case and leading zeros
    may differ only if all names stay distinct without them.

    Args:
        images: Paths; or a folder, whose image files are found at any depth; or a pattern as of `glob`, such as
            `"data/*/*.tif"`. Masks among them are left out.
        masks: In the same form. May be the same folder, if masks have names of their own.
        image_prefix: Prefix of image names that mask names do not have, such as `"img_"`. If any of these four options
            is given, the others are empty; otherwise, they are inferred from the names, if there is only one way to do
            so.
        image_suffix: Suffix of image names, before the extension, such as `"_0000"`.
        mask_prefix: Prefix of mask names, such as `"label_"`.
        mask_suffix: Suffix of mask names, before the extension, such as `"_mask"`.
        key: For all other names: a regular expression whose groups identify a pair, as in `r"(\d+)_(left|right)"`. It
            is searched for in the file's name or, if it contains a slash, in the whole path with forward slashes. Or a
            function from the path to what identifies the pair. A tuple gives one for images and one for masks.
        unmatched: `"raise"` refuses files that have no partner, `"drop"` leaves them out.

    Returns:
        Two lists of the same length, of the paths as they were given, `str` or `pathlib.Path`.

    Raises:
        TypeError: If files or an option are of a wrong type.
        ValueError: If there are no files, a file has no partner or several, or the names allow several ways to pair
            them; the message names the files.

    Example:
        >>> images = [f"images/case_{number}.png" for number in (1, 10, 2)]
        >>> masks = [f"masks/case_{number}_mask.png" for number in (10, 1, 2)]
        >>> for image, mask in zip(*pair_by_name(images, masks)):
        ...     print(image, mask)
        images/case_1.png masks/case_1_mask.png
        images/case_2.png masks/case_2_mask.png
        images/case_10.png masks/case_10_mask.png
    """
    choice("unmatched", unmatched, get_args(Unmatched))
    affixes = _affixes(images=(image_prefix, image_suffix), masks=(mask_prefix, mask_suffix))
    if affixes and key is not None:
        raise ValueError(
            f"Expected key or affixes. Received key={key!r} with prefixes or suffixes. Leave out one of the two."
        )
    image_names, mask_names = separated(listed("images", images), listed("masks", masks), affixes)
    if key is not None:
        image_key, mask_key = key if isinstance(key, tuple) else (key, key)
        found = _by_key(_keys(image_names, image_key), _keys(mask_names, mask_key))
    elif affixes:
        found = _by_affixes(image_names, mask_names, affixes)
    else:
        found = _detected(image_names, mask_names)
    _refuse_repeated(found, image_names, mask_names)
    if unmatched == "raise" or not found:
        _refuse_unmatched(found, image_names, mask_names)
    pairs = [(image_names[image], mask_names[mask]) for image, mask in found.mask_of.items()]
    pairs.sort(key=lambda pair: [natural(part) for part in (*pair[0].folders, pair[0].stem)])
    return [image.path for image, _ in pairs], [mask.path for _, mask in pairs]


def _affixes(**given: tuple[str | None, str | None]) -> tuple[Affixes, Affixes] | None:
    """Return the affixes of images and masks; None if none is given."""
    found = []
    for kind, texts in given.items():
        for name, text in zip(("prefix", "suffix"), texts, strict=True):
            if text is not None and not isinstance(text, str):
                raise TypeError(
                    f"Expected {kind[:-1]}_{name} to be a string. Received {kind[:-1]}_{name}={text!r}. Pass one."
                )
        prefix, suffix = (text or "" for text in texts)
        found.append(Affixes(prefix, stem(suffix)))  # a suffix is often given with the extension
    return (found[0], found[1]) if any(text is not None for texts in given.values() for text in texts) else None


def _keys(files: Sequence[Name], key: Key) -> Keys:
    """Return the key of each file, None where a regular expression is not found."""
    if callable(key):
        return [key(name.path) for name in files]
    try:
        pattern = re.compile(key)
    except (TypeError, re.error) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            "Expected key to be a regular expression, a function, or one of them for images and one for masks. "
            f"Received key={key!r} ({error}). Pass one, as in key=r'(\\d+)'."
        ) from None
    if not pattern.groups:
        raise ValueError(
            f"Expected key to hold a group. Received key={key!r}. Put what identifies a pair in brackets, as in "
            "key=r'(\\d+)'."
        )
    texts = (unicodedata.normalize("NFC", os.fspath(name.path)).replace(os.sep, "/") for name in files)
    found = (pattern.search(text if "/" in key else text.rpartition("/")[2]) for text in texts)
    return [hit and hit.groups() for hit in found]


def _by_key(images: Keys, masks: Keys) -> Match:
    """Return the exact match, or where that leaves files over, if it is safe, the one without case and zeros."""
    found = match(images, masks)
    loosely = (loosened(images), loosened(masks))
    if len(found) == max(len(images), len(masks)) or loosely[0] is None or loosely[1] is None:
        return found
    return max(found, match(loosely[0], loosely[1]), key=len)


def _by_affixes(images: Sequence[Name], masks: Sequence[Name], affixes: tuple[Affixes, Affixes]) -> Match:
    """Return the match by stems, with the folders, or where that leaves files over and no stem is repeated, without."""
    cores = [[part.core(name.stem) for name in files] for part, files in zip(affixes, (images, masks), strict=True)]
    in_folders = [
        [None if core is None else (name.folders, core) for name, core in zip(files, own, strict=True)]
        for files, own in zip((images, masks), cores, strict=True)
    ]
    found = _by_key(*in_folders)
    present = [[core for core in own if core is not None] for own in cores]
    if len(found) == max(len(images), len(masks)) or any(len(set(own)) < len(own) for own in present):
        return found
    anywhere = _by_key(*cores)
    drop_other_folders(anywhere, images, masks)
    return max(found, anywhere, key=len)


def _detected(images: Sequence[Name], masks: Sequence[Name]) -> Match:
    try:
        found = detected(images, masks)
    except SeveralMatches as several:
        ways = " or ".join(_as_arguments(*way) for way in several.args)
        raise ValueError(
            f"Expected names with one way to pair them. Received images such as {quoted(_paths(images), 2)} and masks "
            f"such as {quoted(_paths(masks), 2)}, which pair by {ways}. Pass one of these, with "
            "unmatched='drop' where that leaves files over, or as key a regular expression with what identifies a pair "
            "in brackets. Merge several masks of one image into one file."
        ) from None
    if not found:
        raise ValueError(
            f"Expected images and masks with names in common. Received {quoted(_paths(images), 2)} and "
            f"{quoted(_paths(masks), 2)}. {_CURE}"
        )
    return found


def _as_arguments(image: Affixes, mask: Affixes) -> str:
    """Return the arguments that ask for these affixes, without what names of both kinds begin or end with."""
    texts = {
        "image_prefix": image.prefix,
        "image_suffix": image.suffix,
        "mask_prefix": mask.prefix,
        "mask_suffix": mask.suffix,
    }
    if image.prefix == mask.prefix:
        texts["image_prefix"] = texts["mask_prefix"] = ""
    if image.suffix == mask.suffix:
        texts["image_suffix"] = texts["mask_suffix"] = ""
    return ", ".join(f"{name}={text!r}" for name, text in texts.items() if text) or "image_suffix=''"


def _paths(files: Sequence[Name]) -> list[PathLike]:
    return [name.path for name in files]


def _refuse_repeated(found: Match, images: Sequence[Name], masks: Sequence[Name]) -> None:
    for of_images, of_masks in found.repeated:
        raise ValueError(
            f"Expected one mask for each image. Received {quoted(images[index].path for index in of_images)} with "
            f"{quoted(masks[index].path for index in of_masks)}, which have one name. Merge several masks of one image "
            "into one file, leave files out, or name more of what differs: a prefix or suffix, or a group of key."
        )


def _refuse_unmatched(found: Match, images: Sequence[Name], masks: Sequence[Name]) -> None:
    alone = [name.path for index, name in enumerate(images) if index not in found.mask_of]
    with_image = set(found.mask_of.values())
    spare = [name.path for index, name in enumerate(masks) if index not in with_image]
    if not alone and not spare:
        return
    kinds = [
        f"{len(paths)} of {len(names)} {kind}: {quoted(paths)}"
        for kind, paths, names in (("images without a mask", alone, images), ("masks without an image", spare, masks))
        if paths
    ]
    cure = f"{_CURE[:-1]}; unmatched='drop' leaves them out." if found else _CURE
    raise ValueError(f"Expected one mask for each image, by name. Received {'; and '.join(kinds)}. {cure}")
