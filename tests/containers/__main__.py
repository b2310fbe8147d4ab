"""Count what `read_image` and `read_mask` make of files whose pixels are known: `python -m tests.containers`."""

import argparse
import collections
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
    made.add_argument("--table", action="store_true", help="print the rows of docs/pages/reliability.md")
    made.add_argument("--no-readers", action="store_true", help="leave out the independent readers: half the time")
    return made


def family(kind: str) -> str:
    """Return the format, for a table with one row a format."""
    words = kind.split()
    if words[0] == "TIFF" and words[1].startswith("grey"):
        return "TIFF, grey, white is 0" if "white is 0" in kind else "TIFF, grey and opacity" if "+" in kind else "TIFF, grey"
    if words[0] == "TIFF":
        return {"RGB": "TIFF, RGB and opacity", "palette": "TIFF, palette", "CMYK": "TIFF, CMYK"}.get(words[1], "TIFF, JPEG colours")
    if words[0] == "PNG":
        return "PNG, palette" if words[1] == "palette" else "PNG, grey and RGB, with and without opacity"
    return {"PBM": "PBM, PGM, PPM", "PGM": "PBM, PGM, PPM", "PPM": "PBM, PGM, PPM", "WebP": "WebP", "stack:": "Stacks of images"}.get(
        words[0], "JPEG 2000" if kind.startswith("JPEG 2000") else words[0])  # fmt: skip


def main() -> None:
    arguments = parser().parse_args()
    warnings.simplefilter("ignore")
    containers = [one for one in every_container() if arguments.kind in one.kind][:: arguments.every]
    results, examples, confirmed = count(containers, readers=not arguments.no_readers)
    show_table(results, confirmed, readers=not arguments.no_readers)
    if arguments.show:
        show_examples(examples, arguments.show, arguments.save)


def show_table(results: collections.Counter, confirmed: collections.Counter, *, readers: bool) -> None:
    rows: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for (kind, call, result), number in results.items():
        for row in (family(kind), "All"):
            rows[row]["files" if call == "files" else result] += number
            rows[row]["reads"] += number * (call != "files")
    print(f"| Files | Number | Reads | {' | '.join(one.capitalize() for one in RESULTS)} |")
    print("|---|" + "--:|" * (2 + len(RESULTS)))
    for name in sorted(rows, key=lambda name: (name == "All", name)):
        numbers = [rows[name][one] for one in ("files", "reads", *RESULTS)]
        print(f"| {name} | {' | '.join(f'{number:,}' for number in numbers)} |")
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
