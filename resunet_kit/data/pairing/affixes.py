"""Prefixes and suffixes of one kind of file, around what its names have in common with the other kind."""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_SAMPLED = 4  # first names that affixes are looked for in, besides the middle and the last one
_COUNTED = 1_000  # names of a longer list that are counted in place of all
_CUTS = 20  # positions tried from either end of a name, of which BIDS has many


@dataclass(frozen=True)
class Affixes:
    """A prefix and a suffix of stems."""

    prefix: str = ""
    suffix: str = ""

    def core(self, stem: str) -> str | None:
        """Return what is between prefix and suffix; None without them, or where one would cut a number in two.

        It is empty for a name that is itself an affix: `imaging`, which its folder tells from others.
        """
        if stem and stem in (self.prefix, self.suffix) and not (self.prefix and self.suffix):
            return ""
        core = stem[len(self.prefix) : len(stem) - len(self.suffix)]
        if not (stem.startswith(self.prefix) and stem.endswith(self.suffix)) or not any(map(str.isalnum, core)):
            return None
        ends = (self.prefix[-1:] + core[0], core[-1] + self.suffix[:1])
        return None if any(len(end) == 2 and end.isdecimal() for end in ends) else core

    def digits(self) -> list[str]:
        """Return the numbers in both."""
        return re.findall(r"\d+", f"{self.prefix} {self.suffix}")


def candidates(stems: Sequence[str]) -> list[Affixes]:
    """Return empty affixes first, and then all that at least a tenth of the stems, and at least two, have.

    A whole stem counts as an affix too where it repeats, as in `case_1/imaging` and `case_2/imaging`.
    """
    counted = stems[:: max(1, len(stems) // _COUNTED)]
    middle, needed = len(stems) // 2, min(len(counted), max(2, len(counted) // 10))
    prefixes, suffixes = {"": None}, {"": None}
    for stem in dict.fromkeys([*stems[:_SAMPLED], stems[middle], stems[-1]]):
        cuts = _cuts(stem, single=len(stems) == 1)
        prefixes |= dict.fromkeys(stem[:cut] for cut in cuts[:_CUTS])
        suffixes |= dict.fromkeys(stem[cut:] for cut in cuts[-_CUTS:])
    before = [text for text in prefixes if sum(stem.startswith(text) for stem in counted) >= needed]
    before += [stem for stem, count in Counter(counted).most_common(_SAMPLED) if count >= max(2, needed)]
    after = [text for text in suffixes if sum(stem.endswith(text) for stem in counted) >= needed]
    return [Affixes(prefix, suffix) for prefix in before for suffix in after]


def compatible(image: Affixes, mask: Affixes) -> bool:
    """Return whether names of one pair may differ in these affixes: patient 1 is not patient 2."""
    return not image.digits() or not mask.digits() or image.digits() == mask.digits()


def _cuts(stem: str, *, single: bool) -> list[int]:
    """Return where a stem may be cut; a single name does not show whether letters beside a number belong to it."""
    found = []
    for index, (before, after) in enumerate(itertools.pairwise(stem), start=1):
        kinds = {_kind(before), _kind(after)}
        if (len(kinds) > 1 and (not single or "other" in kinds)) or (before.islower() and after.isupper()):
            found.append(index)
    return found


def _kind(character: str) -> str:
    return "digit" if character.isdecimal() else "letter" if character.isalpha() else "other"
