"""Which MRI sequence a volume is, by the words in its name."""

import re

# In the order in which they are looked for: "t2_flair" is FLAIR, "t1_post" is post-contrast.
WORDS = {
    "flair": {"flair", "t2f"},
    "post": {"t1ce", "t1gd", "t1c", "t1post", "gd", "gadolinium", "ce"},
    "pre": {"t1", "t1w", "t1n", "t1pre"},
    "other": {"t2", "t2w", "dwi", "adc", "swi", "pd"},
}
LAST_WORDS = {"post": "post", "pre": "pre"}  # elsewhere in a name, they may refer to surgery
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
