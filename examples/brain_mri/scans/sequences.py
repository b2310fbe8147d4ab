"""Which MRI sequence a volume is, by the words in its name."""

import re
from collections.abc import Iterable

# In the order in which they are looked for: "t2_flair" is FLAIR, "t1_post" is post-contrast.
WORDS = {
    "flair": {"flair", "t2f"},
    "post": {"t1ce", "t1gd", "t1c", "t1post", "gd", "gadolinium", "ce"},
    "pre": {"t1", "t1w", "t1n", "t1pre"},
    "other": {"t2", "t2w", "dwi", "adc", "swi", "pd"},
}
LAST_WORDS = {"post": "post", "pre": "pre"}  # elsewhere in a name, they may refer to surgery
# In descriptions of T1-weighted series, such as "T1 POST FS", "T1 + C" and "T1 W/O".
WITH_CONTRAST = re.compile(r"\b(post\w*|gado?|gadolinium|gd|ce|with)\b|\+ *c\b|\bc\+")
WITHOUT_CONTRAST = re.compile(r"\b(pre|without|wo|w/o|non)\b")
LABEL = re.compile(r"[_\-. ](mask|seg|label|labels|pred)$", re.IGNORECASE)


def sequence_of(name: str) -> tuple[str | None, str]:
    """Return the sequence that a name contains, or None, and the name without it."""
    words = [word for word in re.split(r"[\s_\-.]+", name.casefold()) if word]
    found = _sequence(words)
    if not found:
        return None, name.casefold()
    known = set().union(*WORDS.values())
    rest = [word for index, word in enumerate(words) if word not in known and not _is_last_word(words, index)]
    return found, " ".join(rest)


def _sequence(words: list[str]) -> str | None:
    if WORDS["flair"] & set(words):
        return "flair"
    if words and words[-1] in LAST_WORDS:
        return LAST_WORDS[words[-1]]
    return next((sequence for sequence, known in WORDS.items() if known & set(words)), None)


def _is_last_word(words: list[str], index: int) -> bool:
    return index == len(words) - 1 and words[index] in LAST_WORDS


def sequence_of_series(descriptions: Iterable[str], *, contrast_agent: bool) -> str | None:
    """Return the sequence of a DICOM series, or None if its descriptions do not tell.

    Args:
        descriptions: SeriesDescription and others, the most reliable one first.
        contrast_agent: Whether the header names a contrast agent.
    """
    for text in descriptions:
        text = text.casefold().replace("_", " ")
        if WORDS["pre"] & set(re.split(r"[\s\-.+()/]+", text)):  # also "T1 FLAIR", which is T1-weighted
            if WITHOUT_CONTRAST.search(text):
                return "pre"
            return "post" if contrast_agent or WITH_CONTRAST.search(text) else "pre"
        found = sequence_of(text)[0]
        if found:
            return found
    return None
