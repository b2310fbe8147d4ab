"""Count what `read_image` and `read_mask` make of files whose pixels are known: `python -m tests.containers`."""

import argparse
import collections
import logging
import warnings
from pathlib import Path

from tests.containers.grid import every_container
from tests.containers.outcomes import LOST, NEEDLESS, REFUSED, RIGHT, SILENT, count

RESULTS = (RIGHT, REFUSED, NEEDLESS, SILENT, LOST)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.containers", description=__doc__)
    made.add_argument("--every", type=int, default=1, help="take every n-th file only")
    made.add_argument("--kind", default="", help="files whose kind contains this text")
    made.add_argument("--show", choices=RESULTS, help="show one example of each kind and call with this result")
    made.add_argument("--save", type=Path, help="write the example files into this folder")
    made.add_argument("--no-readers", action="store_true", help="leave out the independent readers: half the time")
    return made


# The first words of a kind, and the row of the table that counts it; the first that fits.
ROWS = {
    "TIFF grey, white is 0": "TIFF, grey, white is 0",
    "TIFF grey +": "TIFF, grey and opacity",
    "TIFF grey": "TIFF, grey",
    "TIFF RGB +": "TIFF, RGB and opacity",
    "TIFF RGB": "TIFF, RGB",
    "TIFF palette": "TIFF, palette",
    "TIFF CMYK": "TIFF, CMYK",
    "TIFF": "TIFF, other colours and channels",
    "PNG palette": "PNG, palette",
    "PNG": "PNG, grey and RGB, with and without opacity",
    "PBM": "PBM, PGM, PPM",
    "PGM": "PBM, PGM, PPM",
    "PPM": "PBM, PGM, PPM",
    "JPEG 2000": "JPEG 2000, lossless",
    "stack:": "Stacks of images",
    "NIfTI": "NIfTI",
    "TGA": "TGA, PCX, SGI",
    "PCX": "TGA, PCX, SGI",
    "SGI": "TGA, PCX, SGI",
}


def family(kind: str) -> str:
    """Return the row of the table that counts a kind."""
    return next((row for start, row in ROWS.items() if kind.startswith(start)), kind.split()[0])


def main() -> None:
    arguments = parser().parse_args()
    warnings.simplefilter("ignore")
    logging.disable()  # readers tell of tags they do not know
    containers = [one for one in every_container() if arguments.kind in one.kind][:: arguments.every]
    results, examples, confirmed = count(containers, readers=not arguments.no_readers)
    show_table(results, confirmed, readers=not arguments.no_readers)
    if arguments.show:
        show_examples(examples, arguments.show, arguments.save)


def show_table(results: collections.Counter, confirmed: collections.Counter, *, readers: bool) -> None:
    columns = ("Files", "Files read wrongly", "Reads", *map(str.capitalize, RESULTS))
    rows: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for (kind, call, result), number in results.items():
        for row in (family(kind), "All"):
            if call == "files":
                rows[row]["Files read wrongly" if result else "Files"] += number
            else:
                rows[row][result.capitalize()] += number
                rows[row]["Reads"] += number
    print(f"| | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}")
    for name in sorted(rows, key=lambda name: (name == "All", name)):
        print(f"| {name} | {' | '.join(f'{rows[name][column]:,}' for column in columns)} |")
    if readers:
        agreeing: collections.Counter = collections.Counter()
        for (_, number), files in confirmed.items():
            agreeing[number] += files
        print("Files by the number of independent readers that agree with the writer:", dict(sorted(agreeing.items())))


def show_examples(examples: dict, result: str, folder: Path | None) -> None:
    for (kind, call, found), cases in sorted(examples.items(), key=lambda item: item[0]):
        if found != result:
            continue
        container, outcome, says = cases[0]
        print(f"{kind} | {call} | {len(cases)} | {container.name} | {outcome.said} | {says}")
        if folder:
            folder.mkdir(exist_ok=True)
            name = "".join(letter if letter.isalnum() else "_" for letter in f"{kind} {call}")
            (folder / f"{name}{container.suffix}").write_bytes(container.data)


if __name__ == "__main__":
    main()
