"""The Kaggle folder layout of the LGG MRI data: index a folder and name everything wrong with it.

One folder for each examination, `TCGA_XX_NNNN_YYYYMMDD`; in it for each slice `<folder>_<slice>.tif` and
`<folder>_<slice>_mask.tif`. Beside the folders may stand `data.csv` (clinical; its `Patient` is the first 12
characters) and the course's `data_mask.csv` (patient_id, image_path, mask_path, mask).
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from examples.brain_mri.cohort.listing import is_listing, listed_files, select_listed
from examples.brain_mri.cohort.notes import compare_clinical, find_healthy, note_gaps, note_people
from examples.brain_mri.cohort.problems import CLINICAL_NAME, FILE, PATIENT, Fault, Findings, Key, parse_name
from resunet_kit.data import read_image, read_mask

_SILENT = re.compile(r"\..*|Thumbs\.db|desktop\.ini|__MACOSX|README.*", re.IGNORECASE)


@dataclass(frozen=True)
class Slice:
    """One image with its mask, both read once without a fault.

    Attributes:
        patient: The name of the examination's folder.
        number: The slice's number in the examination.
        image: Path of the image.
        mask: Path of the mask.
        has_tumour: Whether the mask has any foreground.
    """

    patient: str
    number: int
    image: Path
    mask: Path
    has_tumour: bool

    @property
    def person(self) -> str:
        """The clinical table's key. Split by it: two examinations of one person must not be parted."""
        return self.patient[:12]


@dataclass(frozen=True)
class Index:
    """What a folder holds.

    Attributes:
        folder: The folder that was indexed.
        slices: The sound slices by patient, then by slice number.
        faults: What must be mended.
        notes: What is worth knowing and does no harm.
        clinical: Path of the clinical table, if there is one.
    """

    folder: Path
    slices: tuple[Slice, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    clinical: Path | None = None

    @property
    def patients(self) -> list[str]:
        """The patients that have a sound slice, sorted."""
        return sorted({item.patient for item in self.slices})


def index_folder(path: str | os.PathLike[str], *, progress: bool = False, allow_healthy: bool = False) -> Index:
    """Index a folder, or the rows of the course's CSV, reading every file once.

    Faulty files are named and left out; the rest is indexed. Of a patient's folder found twice with the same
    content, which the download nests, the one nearest to the top counts. A CSV in the folder with `image_path` and
    `mask_path` selects the slices that it lists.

    Args:
        path: The folder (or any folder above it), or a CSV with `image_path` and `mask_path`, which start
            from its folder or from one below it.
        progress: Whether to show a progress bar.
        allow_healthy: Whether a patient without any tumour is fine. In data of tumour patients it means lost masks.

    Returns:
        The index.

    Raises:
        ValueError: If there is no such folder, or not one slice in the layout.
    """
    source = Path(path)
    findings = Findings()
    if source.is_file():
        folder = source.parent
        files = listed_files(source, findings)
        clinical: Path | None = folder / CLINICAL_NAME
        listings: list[Path] = []
    else:
        folder = source
        found = _walk(source)
        files = _layout_files(found, findings)
        clinical = _nearest(source, found, CLINICAL_NAME)
        listings = [file for file in found if is_listing(file)]
    clinical = clinical if clinical is not None and clinical.is_file() else None

    slots = _slots(files, findings)
    if not slots:
        raise ValueError(_nothing_found(source))
    if listings:
        slots = select_listed(slots, listings[0], findings)
    note_gaps(slots, findings)
    slices = _read_slices(_whole_pairs(slots, findings), findings, progress=progress)
    # Of a patient whose slices are in the index only in part, nobody can say that there is no tumour.
    in_part = {key[0] for key in slots.keys() - {(item.patient, item.number) for item in slices}}
    whole = [item for item in slices if item.patient not in in_part]
    tumours = [(item.image.parent, item.has_tumour) for item in whole]
    find_healthy(tumours, findings, harmless=allow_healthy or source.is_file() or bool(listings))
    note_people((item.patient for item in slices), findings)
    if clinical:
        compare_clinical(clinical, {patient for patient, _ in slots}, findings)
    faults = sorted(findings.faults, key=lambda fault: str(fault.file))
    return Index(folder, tuple(slices), tuple(faults), tuple(findings.notes), clinical)


# === Files ===


def _walk(folder: Path) -> list[Path]:
    """Return all folders and files below, top first, each real folder once."""
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder; pass the folder that holds the TCGA_* folders.")
    found, seen = [], set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link upwards would never end
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not _SILENT.fullmatch(name))
        found.append(Path(place))
        found += [Path(place, name) for name in sorted(files) if not _SILENT.fullmatch(name)]
    return sorted(found, key=lambda item: (len(item.parts), item))


def _nearest(folder: Path, found: Iterable[Path], name: str) -> Path | None:
    return next((item for item in found if item.name == name and item != folder), None)


def _layout_files(found: list[Path], findings: Findings) -> list[Path]:
    """Return the TIFFs that count, without nested copies, and report everything else."""
    inside: dict[Path, list[Path]] = defaultdict(list)
    for item in found:
        if item.suffix.lower() in {".tif", ".tiff"} and not item.is_dir():
            inside[item.parent].append(item)
        elif not item.is_dir() and item.name != CLINICAL_NAME and not is_listing(item):
            findings.notes.append(f"{item} is not part of the layout and was left out.")
    kept: dict[str, Path] = {}
    copies = []
    for place in found:
        if not place.is_dir() or not PATIENT.fullmatch(place.name):
            continue
        if not inside[place]:
            findings.fault(place, "a patient's folder without images", "fetch its files again or delete the folder")
        elif place.name not in kept:
            kept[place.name] = place
        else:
            copies.append(place)
            _compare_copy(inside.pop(place), inside[kept[place.name]], findings)
    if copies:
        shown = ", ".join(map(str, copies[:3])) + (", ..." if len(copies) > 3 else "")
        findings.notes.append(f"{len(copies)} patient folders were found twice and counted once; left out: {shown}.")
    return [file for files in inside.values() for file in files]


def _compare_copy(copy: Sequence[Path], kept: Sequence[Path], findings: Findings) -> None:
    """A copy that says something else is a fault: nobody can know which of the two is right."""
    originals = {file.name: file for file in kept}
    for file in copy:
        original = originals.get(file.name)
        if original is None:
            findings.fault(file, f"only in the second folder of its patient, not in {kept[0].parent}", "merge them")
        elif file.stat().st_size != original.stat().st_size or file.read_bytes() != original.read_bytes():
            findings.fault(file, f"the same slice as {original} with other content", "delete the wrong one")


def _nothing_found(source: Path) -> str:
    if source.is_file():
        return f"{source}: not one of its files exists; put the CSV into the folder that its paths start from."
    return (
        f"{source}: no slice found; expected TCGA_XX_NNNN_YYYYMMDD/TCGA_XX_NNNN_YYYYMMDD_<slice>.tif and ..._mask.tif "
        "below it. Pass the folder of the unpacked download."
    )


# === Slices ===


def _slots(files: Iterable[Path], findings: Findings) -> dict[Key, list[Path]]:
    """Sort files to their slices, and report those that belong to none."""
    slots: dict[Key, list[Path]] = defaultdict(list)
    for file in files:
        parsed = parse_name(file)
        if parsed is None:
            findings.fault(file, "a TIFF whose name is not in the layout", "rename it, or move it away")
        elif parsed[0] != file.parent.name:
            findings.fault(file, f"its patient is not its folder {file.parent.name}", "move it to its patient's folder")
        else:
            slots[parsed[:2]].append(file)
    return dict(sorted(slots.items()))


def _whole_pairs(slots: dict[Key, list[Path]], findings: Findings) -> dict[Key, tuple[Path, Path]]:
    pairs = {}
    for key, files in slots.items():
        masks = sorted(file for file in files if FILE.fullmatch(file.name)[3])  # type: ignore[index]
        images = sorted(set(files) - set(masks))
        for twice in (images, masks):
            for file in twice[1:]:
                findings.fault(file, f"the same slice as {twice[0].name}", "delete the wrong one")
        if not masks:
            findings.fault(images[0], "an image without its mask", f"fetch {images[0].stem}_mask{images[0].suffix}")
        elif not images:
            name = masks[0].name.replace("_mask", "")
            findings.fault(masks[0], "a mask without its image", f"fetch {name} or delete the mask")
        elif len(files) == 2:
            pairs[key] = (images[0], masks[0])
    return pairs


@dataclass(frozen=True)
class _Reading:
    """What one pair of files said."""

    image_shape: tuple[int, ...] | None = None
    mask_shape: tuple[int, ...] | None = None
    constant: bool = False
    has_tumour: bool = False
    errors: tuple[tuple[Path, str], ...] = ()


def _read(pair: tuple[Path, Path]) -> _Reading:
    errors: list[tuple[Path, str]] = []
    image = mask = None
    try:
        image = read_image(pair[0])
    except ValueError as error:
        errors.append((pair[0], str(error)))
    try:
        mask = read_mask(pair[1], num_classes=1)
    except ValueError as error:
        errors.append((pair[1], str(error)))
    if image is None or mask is None:
        return _Reading(errors=tuple(errors))
    return _Reading(image.shape, mask.shape, bool((image == image[:1, :1]).all()), bool(mask.any()))


def _read_slices(pairs: dict[Key, tuple[Path, Path]], findings: Findings, *, progress: bool) -> list[Slice]:
    """Decode every file, in threads, and keep the slices whose two files agree with each other and the cohort."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bar = tqdm(pool.map(_read, pairs.values()), "Reading slices", len(pairs), disable=not progress, unit="slice")
        readings = dict(zip(pairs, bar, strict=True))
    shapes = Counter(reading.image_shape for reading in readings.values() if reading.image_shape)
    usual = shapes.most_common(1)[0][0] if shapes else None
    slices = []
    for (patient, number), reading in readings.items():
        image, mask = pairs[patient, number]
        if _is_sound(reading, image, mask, usual, findings):
            slices.append(Slice(patient, number, image, mask, reading.has_tumour))
            if reading.constant:
                findings.notes.append(f"{image} is constant: every pixel is the same.")
    return slices


def _is_sound(reading: _Reading, image: Path, mask: Path, usual: tuple[int, ...] | None, findings: Findings) -> bool:
    for file, message in reading.errors:
        findings.fault(file, message.removeprefix(f"Cannot read {str(file)!r}: ").rstrip("."), "replace the file")
    if reading.image_shape is None or reading.mask_shape is None:
        return False
    sizes = [f"{shape[0]}x{shape[1]}" for shape in (reading.mask_shape, reading.image_shape)]
    if sizes[0] != sizes[1]:
        findings.fault(mask, f"of {sizes[0]} (height x width), its image of {sizes[1]}", "fetch both files again")
    if reading.image_shape != usual:
        what = f"of {_size(reading.image_shape)}, most images of {_size(usual or ())}"
        findings.fault(image, what, "fetch it again, or resize it together with its mask")
    return sizes[0] == sizes[1] and reading.image_shape == usual


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) + " (height x width x channels)"
