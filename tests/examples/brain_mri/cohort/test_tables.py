import csv

import numpy as np
import pytest

from examples.brain_mri import cli
from examples.brain_mri.cohort.index import index_folder
from examples.brain_mri.cohort.tables import has_columns, read_table
from tests.examples.brain_mri.slice_files import ALL, A, B, keys, mask_of

COLUMNS = ("patient_id", "image_path", "mask_path", "mask")


def listing(separator="/", prefix="", ending=".tif", claim="{patient}"):
    """Return the rows of a listing, its header first."""
    rows = [COLUMNS]
    for patient, number in ALL:
        stem = f"{prefix}{patient}{separator}{patient}_{number}"
        rows.append((claim.format(patient=patient), f"{stem}{ending}", f"{stem}_mask{ending}", "0"))
    return rows


def text(rows, *, delimiter=",", ending="\n", quote=False):
    marked = [[f'"{cell}"' if quote else cell for cell in row] for row in rows]
    return "".join(delimiter.join(row) + ending for row in marked)


PLAIN = listing()
CONTENTS = {
    "plain": text(PLAIN).encode(),
    "utf-8 with mark": text(PLAIN).encode("utf-8-sig"),
    "utf-16": text(PLAIN).encode("utf-16"),
    "utf-16-le without mark": text(PLAIN).encode("utf-16-le"),
    "utf-16-be without mark": text(PLAIN).encode("utf-16-be"),
    "utf-16-be with mark": "\ufeff".encode("utf-16-be") + text(PLAIN).encode("utf-16-be"),
    "semicolons": text(PLAIN, delimiter=";").encode(),
    "tabs": text(PLAIN, delimiter="\t").encode(),
    "tabs in utf-16, as Excel's Unicode text": text(PLAIN, delimiter="\t", ending="\r\n").encode("utf-16"),
    "bars": text(PLAIN, delimiter="|").encode(),
    "sep line": ("sep=;\r\n" + text(PLAIN, delimiter=";", ending="\r\n")).encode(),
    "sep line with tab": ("sep=\t\n" + text(PLAIN, delimiter="\t")).encode(),
    "quotes": text(PLAIN, quote=True).encode(),
    "quotes and semicolons": text(PLAIN, delimiter=";", quote=True).encode(),
    "old Mac line ends": text(PLAIN, ending="\r").encode(),
    "spaces": text(PLAIN, delimiter=" , ").encode(),
    "blank lines": ("\n\n" + text(PLAIN, ending="\n\n")).encode(),
    "latin-1": text([(*PLAIN[0], "notes"), *[(*row, "é") for row in PLAIN[1:]]]).encode("latin-1"),
    "upper-case columns": text([tuple(name.upper() for name in COLUMNS), *PLAIN[1:]]).encode(),
    "backslashes": text(listing("\\")).encode(),
    "backslashes in quotes": text(listing("\\"), quote=True).encode(),
    "drive letters": text(listing("\\", "C:\\Users\\me\\kaggle_3m\\")).encode(),
    "drive letters with slashes": text(listing("/", "D:/kaggle_3m/")).encode(),
    "network paths": text(listing("\\", "\\\\server\\data\\kaggle_3m\\")).encode(),
    "mixed separators": text(listing("\\", "./kaggle_3m/")).encode(),
    "paths of another machine": text(listing("/", "/kaggle/input/lgg/")).encode(),
    "upper-case endings": text(listing(ending=".TIF")).encode(),
    "clinical keys": text(listing(claim="TCGA-{patient}")).replace(f"TCGA-{A}", A[:12].replace("_", "-"))
    .replace(f"TCGA-{B}", B[:12]).encode(),
}  # fmt: skip


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("given", ["file", "folder"])
def test_tables_of_every_kind_list_the_slices_and_call_no_patient_wrong(given, kind, folder):
    file = folder / "data_mask.csv"
    file.write_bytes(CONTENTS[kind])
    index = index_folder(file if given == "file" else folder)
    assert keys(index) == ALL
    assert index.problems == ()
    assert [note for note in index.notes if "data_mask" in note] == []


def test_a_subset_by_backslashes_is_selected(folder):
    (folder / "data_mask.csv").write_text(text(listing("\\")[:3]))
    assert keys(index_folder(folder)) == ALL[:2]


def test_wrong_patients_are_still_noted(folder):
    file = folder / "rows.csv"
    file.write_text(text(listing("\\", claim=A)))
    assert any("patient_id differs from the path in 3 of 6 rows" in note for note in index_folder(file).notes)


UNREADABLE = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\r\n\t", "is empty"),
    "sep line alone": (b"sep=;\n", "is empty"),
    "other columns": (b"image;mask\n1;2\n", "columns image_path and mask_path.*with the columns image, mask"),
    "no header": (text(PLAIN[1:]).encode(), "with the columns tcga_aa"),
    "workbook": (b"PK\x03\x04\x14\x00", "Excel workbook. Save it as CSV"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel workbook. Save it as CSV"),
    "binary": (np.random.default_rng(0).bytes(400), "not text"),
    "open quote": (text(PLAIN).encode() + b'"open,x', "unexpected end of data. Close its quotes"),
    "a row without mask": (text([*PLAIN, (A, f"{A}/{A}_1.tif")]).encode(), "line 8 lacks one"),
    "cut utf-16": (text(PLAIN).encode("utf-16")[:-1], "UTF-8"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_one_line_with_cause_and_cure(kind, folder, capsys):
    content, message = UNREADABLE[kind]
    file = folder / "rows.csv"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        index_folder(file)
    assert cli.main(["check", str(file)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: Expected ")
    assert str(file) in line


def test_lines_are_those_of_the_file(folder):
    mask_of(folder, A, 2).unlink()
    file = folder / "rows.csv"
    file.write_text("sep=;\n\n" + text(PLAIN, delimiter=";"))
    assert "line 5" in index_folder(file).problems[0].what


def test_the_clinical_table_is_read_likewise(folder):
    (folder / "data.csv").write_bytes("Patient;age\r\nTCGA-AA-0001;3\r\nTCGA_BB_0002 ;4\r\n".encode("utf-16"))
    assert not any("data.csv" in note for note in index_folder(folder).notes)


def test_columns_are_found_whatever_their_case(tmp_path):
    file = tmp_path / "a.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened, delimiter=";").writerows([["Image_Path ", "x"], ["a, b", "1"]])
    assert has_columns(file, ("image_path",))
    assert not has_columns(file, ("mask_path",))
    assert read_table(file, ("IMAGE_PATH",)) == [(2, {"image_path": "a, b", "x": "1"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"])
def test_letters_beyond_ascii_are_read_in_their_encoding(encoding, tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes("name;town\nZoë;Genève\n".encode(encoding))
    assert read_table(file, ("name",)) == [(2, {"name": "Zoë", "town": "Genève"})]


def test_files_behind_a_link_are_found(folder, tmp_path):
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "kaggle_3m").symlink_to(folder, target_is_directory=True)
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    file = tmp_path / "linked" / "rows.csv"
    file.write_text(text(listing("\\")))
    assert keys(index_folder(file)) == ALL
