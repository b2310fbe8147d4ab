"""Check what the built wheel and source distribution hold: `python tests/archives.py FOLDER`."""

import email
import re
import sys
import tarfile
import zipfile
from pathlib import Path

from readme_renderer import markdown


def main(folder: Path) -> None:
    """Stop with a message unless the wheel holds the package alone and the source distribution the rest too."""
    [wheel] = folder.glob("*.whl")
    [source] = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        typed = "resunet_kit/py.typed" in archive.namelist()
        [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        check_readme(archive.read(metadata).decode())
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


def check_readme(metadata: str) -> None:
    """Stop with a message unless the package index can render the README, and its links and pictures work there."""
    text = email.message_from_string(metadata).get_payload()
    rendered = markdown.render(text)
    broken = re.findall(r"\]\((?!https://)([^)]*)\)", text)
    if not rendered or broken:
        sys.exit(f"The README for the package index should be rendered, with links to https:// alone; it has {broken}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
