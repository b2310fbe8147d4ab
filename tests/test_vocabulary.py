"""One vocabulary: words that were retired do not come back."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "resunet_kit"

# What was written once, and the field's term for it.
RETIRED = {
    r"\b(free_|known_)?sides\b": "spatial shape, size; spatial_shape, variable_size, static_shape",
    r"\b[Mm]isses\b|\b[Hh]its\b": "false negatives, true positives",
    r"\blearnt\b|\bwhat learns\b": "trainable, frozen, unfrozen",
    r"\bids\b(?!\s*=)": "class labels, label values",
    r"\b[Bb]y number\b": "by index",
    r"\b[Qq]uarter[ _-]turns?\b|\bin turns?\b": "90-degree rotations; cyclically",
    r"(?<!in )(?<!In )(?<!in-)(?<!take )(?<!takes )(?<!decimal )\b[Pp]laces?\b": "position, location",
    r"\b[Aa]like\b": "as above, equally, of the same shape",
    r"\b\w+_share\b|\bshare_\w+|\b[Ss]hares? of\b|\bshares\b|\bimportance\b": "fraction, rate; class weights",
    r"\b[Dd]ecided\b": "thresholded, binarised; chosen",
    r"\b(?:[Aa]|[Oo]ne) (?:trace|score|channel|row|column|number|value|list|mask|panel|branch|block|entry|file|bar|"
    r"point|line|box|weight|color|colour|metric|loss|call|bit|word|pair|name) an? \w+": "per: a trace per curve",
    r"\b(?:is|are) no (?:integers?|numbers?|booleans?|bools?|callables?|models?|instances?|weights?|masks?|sequence|"
    r"sum|names?|mean|zeros|ids?|labels?|positive|whole)\b": "is not an integer",
    r"\bthat (?:is|are) none\b|\bwhat is no\b|\bis none\b": "is not one",
    r"\b(?:the )?way (?:down|back)\b": "encoder, decoder; contracting, expanding path",
    r"\bas they come\b|\bfed as\b": "raw, unpreprocessed",
    r"\b[Dd]ealt\b|\b[Dd]ealing\b|\b[Pp]arted\b|\bdeals?\b": "assigned, split",
    r"\bfinished\(|\bfinished batches\b": "cached",
    r"\breach\b": "radius, search radius; arrive at",
    r"\brims?\b": "boundary, border",
    r"(?<!_)\b[Mm]et\b": "detected; within tolerance; satisfied",
    r"\bwhite\(|\bdef white\b|\blevels of gr[ea]y\b|\bgr[ea]y levels\b": "full-scale value, raw intensities",
    r"\bevades?d?\b|\bha(?:s|ve) a part in\b": "no skip connection bypasses; depends on a kernel",
    r"\baloud\b": "explicit",
    r"\bFindings?\b": "problem",
    r"\b[Gg]o(?:es)? on\b|\bwent on\b|\b[Mm]end(?:s|ed|ing)?\b": "resumes, continues; fixed",
    r"\bwrite_beside\b|\bbeside\s*=|\bbeside\.|\bas beside\b": "temporary file",
    r"(?<![Aa]t )\b[Ll]east\b(?!-squares)(?! squares)": "minimum, smallest",
    r"\bmost\s*=|\b_?[A-Z_]*MOST[A-Z_]*\b|\bLEAST\w*": "maximum, limit",
    r"\bwhole numbers?\b|\bwhole_number\b": "integer",
}
PATTERNS = [(re.compile(pattern), term) for pattern, term in RETIRED.items()]


def retired_words(text: str) -> list[str]:
    return [f"{match[0]!r}: write {term}" for pattern, term in PATTERNS for match in pattern.finditer(text)]


def pages() -> list[Path]:
    """Return every file that people read, except for this one and the changelog, which names what was renamed."""
    folders = [PACKAGE, CHECKOUT / "examples", CHECKOUT / "docs", CHECKOUT / "tests"]
    found = [path for folder in folders for ending in ("py", "md") for path in folder.rglob(f"*.{ending}")]
    return sorted({*found, CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md"} - {Path(__file__)})


def test_no_retired_word_comes_back():
    found = [
        f"{path.relative_to(CHECKOUT)}:{number}: {word}"
        for path in pages()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if "# renamed in 0.2.0" not in line
        for word in retired_words(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    ["resize both sides", "its misses", "class ids", "one score a class", "is no integer", "the way down", "least=1",
     "_MOST_PACKED = 3", "what learns", "in this place", "decided masks", "dropout_share"],
)  # fmt: skip
def test_a_planted_retired_word_is_found(planted):
    assert retired_words(planted) != []


def test_ordinary_english_is_no_retired_word():
    text = (
        "@pytest.mark.parametrize(ids=str) at least one, in place, takes place, a shared mask, at most 3 decimal places"
    )
    assert retired_words(text) == []
