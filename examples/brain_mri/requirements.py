"""The modules of the extra `examples`, and which command needs them; they are checked before it begins."""

import importlib.util
from collections.abc import Sequence

INSTALL = "pip install 'resunet-kit[examples]'"
PACKAGES = {
    "filelock": "filelock",
    "nilearn": "nilearn",
    "pandas": "pandas",
    "sklearn": "scikit-learn",
    "threadpoolctl": "threadpoolctl",
    "tqdm": "tqdm",
}
DICOM = ("pydicom", "highdicom")  # of the extra `dicom`
CHECKING = ("tqdm",)
PREDICTION = ("filelock", "tqdm")
TRAINING = ("filelock", "tqdm")
SIMULATION = ("nilearn", "pandas", "threadpoolctl", "tqdm")
EVALUATION = ("filelock", "pandas", "sklearn", "tqdm")
DEMO = tuple(sorted({*SIMULATION, *TRAINING, *EVALUATION}))
STUDY = DEMO


def check_installed(command: str, modules: Sequence[str]) -> None:
    """Refuse a command whose modules are not all installed.

    Raises:
        ValueError: If one is absent; the message names the packages and the command that installs them.
    """
    absent = [PACKAGES[name] for name in modules if not _is_installed(name)]
    if absent:
        raise missing(command, ", ".join(absent))


def missing(command: str, packages: str) -> ValueError:
    """Return the error of packages that a command lacks."""
    return ValueError(
        f"Expected the packages of the example's extra for {command!r}. Received an environment without {packages}. "
        f"Install them: {INSTALL}, or in a checkout pip install -e '.[examples]'."
    )


def check_dicom() -> None:
    """Refuse DICOM files where the packages of the extra `dicom` are not all installed.

    Raises:
        ValueError: If one is absent.
    """
    absent = [name for name in DICOM if not _is_installed(name)]
    if absent:
        raise ValueError(
            f"Expected the packages of the extra 'dicom' for DICOM files. Received an environment without "
            f"{', '.join(absent)}. Install them: pip install 'resunet-kit[dicom]', or in a checkout "
            "pip install -e '.[dicom]'."
        )


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
