"""Check what the built wheel and source distribution hold: `python tests/archives.py FOLDER`."""

import sys
import tarfile
import zipfile
from pathlib import Path


def main(folder: Path) -> None:
    """Stop with a message unless the wheel holds the package alone and the source distribution the rest too."""
    [wheel] = folder.glob("*.whl")
    [source] = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        typed = "resunet_kit/py.typed" in archive.namelist()
    if {top for top in tops if not top.endswith(".dist-info")} != {"resunet_kit"} or not typed:
        sys.exit(f"{wheel.name} should hold resunet_kit alone, with py.typed; it holds {sorted(tops)}")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    inside = {name.split("/")[0] for name in names}
    notebooks = {f"{name[:-3]}.ipynb" for name in names if name.startswith("docs/notebooks/") and name.endswith(".py")}
    absent = {"resunet_kit", "examples", "docs", "tests", "README.md", "CHANGELOG.md", "LICENSE"} - inside
    absent |= (notebooks or {"docs/notebooks"}) - names
    if absent:
        sys.exit(f"{source.name} lacks {sorted(absent)}")
    print(f"{wheel.name} and {source.name} hold what they should")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
