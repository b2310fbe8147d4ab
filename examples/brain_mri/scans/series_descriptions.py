"""Which MRI sequence a DICOM series is, by its description, which each scanner and hospital writes in its own way."""

import re
from collections.abc import Iterable

FLAIR = re.compile(r"flair|dark[ -]?fluid")
T1 = re.compile(r"t1(?!\d)|mp[ -]?rage|bravo|spgr")
OTHER = re.compile(r"t2|\b(pd|dwi|dti|adc|swi|swan|gre|tof|mra|mrv|asl|cbv|cbf|dsc|dce|stir|tirm|localizer|scout)\b")
# What is computed from T1-weighted images, or is not an image of a single time.
DERIVED = re.compile(r"\bsub\b|subtract|\bmap\b|t1[ -]?map|molli|ktrans|perfusion|dynamic|\bmip\b|t1[ -]?rho")
DERIVED_TYPES = {"SUBTRACTION", "SUBTRACT", "MAP", "T1_MAP", "PROJECTION IMAGE", "MIP"}  # in ImageType

# Words that mean something else than contrast: surgery, a region, fat saturation.
ELSEWHERE = re.compile(
    r"\b(pre|post)[ -]?op\w*|posterior|\b(with|without|w/o|w/|wo|non|no)[ -]*(fs\b|fat\w*)([ -]?sat\w*)?"
)
WITHOUT_CONTRAST = re.compile(
    r"\bpre[ -]?(gad|gd|con)\w*|\bpre\b|\b(without|w/o|wo|non|no|ohne)\b[ -]*(contrast|con|gad\w*|gd|km|c)?\b"
)
WITH_CONTRAST = re.compile(
    r"\bpost\b|\bpost[ -]?(gad|gd|con)\w*|contrast|\bgad\w*|\b(gd|ce|km)\b|t1-?(ce|gd|c)\b|\+ *c\b|\bc ?\+"
)
NO_AGENT = re.compile(r"|none|nil|no?|n/?a|-|0( *ml)?|without.*|ohne.*")  # what scanners and people write for none


def sequence_of_series(
    descriptions: Iterable[str], *, contrast_agent: str = "", image_type: Iterable[str] = ()
) -> str | None:
    """Return "flair", "pre", "post" or "other"; None if the descriptions do not tell.

    A T1-weighted series is post-contrast if its description says so, or if it says nothing and the header names a
    contrast agent.

    Args:
        descriptions: SeriesDescription and others, the most reliable one first.
        contrast_agent: ContrastBolusAgent.
        image_type: ImageType.
    """
    for description in descriptions:
        text = description.casefold().replace("_", " ")
        t1, t2 = T1.search(text), "t2" in text
        if FLAIR.search(text) and (t2 or not t1):  # "T1 FLAIR" is T1-weighted
            return "flair"
        if t1 and not t2:
            if DERIVED.search(text) or DERIVED_TYPES & {word.upper() for word in image_type}:
                return "other"
            return _contrast(text, contrast_agent)
        if t2 or OTHER.search(text):
            return "other"
    return None


def _contrast(text: str, agent: str) -> str:
    """Return "pre" or "post"; "other" if the text says both."""
    text = ELSEWHERE.sub(" ", text)
    rest = WITHOUT_CONTRAST.sub(" ", text)
    without, with_contrast = rest != text, WITH_CONTRAST.search(rest) is not None
    if without and with_contrast:
        return "other"
    if without or with_contrast:
        return "post" if with_contrast else "pre"
    return "pre" if NO_AGENT.fullmatch(agent.casefold().strip()) else "post"
