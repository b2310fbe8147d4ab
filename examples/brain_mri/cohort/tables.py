"""Tables as spreadsheets write them: any usual delimiter and encoding, columns found whatever their case."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

DELIMITERS = (",", ";", "\t", "|")
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BINARY = {b"PK\x03\x04": "an Excel workbook", b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"%PDF": "a PDF"}

Row = tuple[int, dict[str, str]]  # line of the file, and cells by column


def read_table(file: Path, wanted: Iterable[str]) -> list[Row]:
    """Return the rows of a table, with the line and the cells of the columns in lower case.

    Encodings: UTF-8 and UTF-16 with or without a byte order mark, else Windows-1252. Delimiters: commas, semicolons,
    tabs or bars, whichever gives the most columns. The line `sep=;` of Excel is skipped.

    Args:
        file: The table.
        wanted: The columns that it must have.

    Raises:
        ValueError: If it is empty, not text, badly quoted, or lacks a column; the message is one line with the cure.
    """
    header, rows = _parse(file)
    missing = [name for name in wanted if name.lower() not in header]
    if missing:
        raise ValueError(
            f"Expected a CSV with the columns {' and '.join(wanted)}. Received {file} with the columns "
            f"{', '.join(filter(None, header)) or 'of no name'}. Name them in its first line."
        )
    return [(line, dict(zip(header, cells, strict=False))) for line, cells in rows]


def has_columns(file: Path, wanted: Iterable[str]) -> bool:
    """Return whether a file is a table with these columns."""
    try:
        header, _ = _parse(file)
    except ValueError:
        return False
    return {name.lower() for name in wanted} <= set(header)


def _parse(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    lines = _text(file).splitlines(keepends=True)
    skipped = 1 if lines and lines[0].strip().lower().startswith("sep=") else 0
    named = lines[0].strip()[4:5] if skipped else ""
    if skipped and not named:
        named = "\t"  # strip() took the tab
    text = "".join(lines[skipped:])
    if not text.strip():
        raise _unreadable(file, "which is empty. Export the table again.")
    first = text.lstrip().splitlines()[0]
    delimiter = named or max(DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), ())))
    try:
        header, *rows = _rows(text, delimiter, skipped)
    except csv.Error as error:
        raise _unreadable(file, f"{error}. Close its quotes, or export it again.") from error
    return [name.lower() for name in header[1]], rows


def _rows(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield reader.line_num + skipped, stripped


def _text(file: Path) -> str:
    content = file.read_bytes()
    for magic, kind in BINARY.items():
        if content.startswith(magic):
            raise _unreadable(file, f"{kind}. Save it as CSV.")
    text = _decoded(file, content)
    if any(ord(character) < 32 and character not in "\t\r\n\f\v" for character in text):
        raise _unreadable(file, "which is not text. Export the table as CSV.")
    return text


def _decoded(file: Path, content: bytes) -> str:
    encodings = [encoding for mark, encoding in BOMS if content.startswith(mark)]
    if not encodings:
        # Every other byte of western text in UTF-16 is zero, and none in UTF-8.
        low, high = content[1::2].count(0), content[::2].count(0)
        wide = max(low, high) > len(content) / 4
        encodings = ["utf-16-le" if low > high else "utf-16-be"] if wide else ["utf-8", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            problem = error
    raise _unreadable(file, f"which is not text: {problem}. Save it as CSV in UTF-8.")


def _unreadable(file: Path, problem: str) -> ValueError:
    return ValueError(f"Expected a readable CSV. Received {file}, {problem}")
