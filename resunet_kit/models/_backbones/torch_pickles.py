"""Reader for the state dicts of `torch.save`, without PyTorch and without running code from the file.

A pickle names the functions that rebuild its content. Only a few of them are known here, and each is replaced by a
record of this module; any other name is refused before anything is called. Since PyTorch 1.6, `torch.save` writes a zip
with a pickle and one member for each storage; earlier files are pickles followed by the storages.
"""

import io
import math
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from resunet_kit._shared.errors import reason

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C  # of files before PyTorch 1.6
PROTOCOL_VERSION = 1001

# NumPy has no bfloat16: its bits are the upper half of a float32.
BFLOAT16 = "bfloat16"
STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: str
    size: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch_file(path: str | os.PathLike[str]) -> Any:
    """Return what `torch.save` wrote: dictionaries, lists, numbers and strings, with tensors as NumPy arrays.

    Raises:
        ValueError: If the file is damaged, is of another kind, or asks for anything but tensors and plain containers.
    """
    try:
        with Path(path).open("rb") as file:
            return _read_zip(file) if zipfile.is_zipfile(file) else _read_legacy(file)
    except _Refused as error:
        raise ValueError(
            f"Expected a file of torch.save with tensors in plain dictionaries. Received {os.fspath(path)!r}, which "
            f"{error}. Nothing of it was run. Save the state dict alone: torch.save(model.state_dict(), path)."
        ) from error
    # Damaged bytes make pickle, zipfile and NumPy raise nearly anything.
    except Exception as error:
        raise ValueError(
            f"Expected a file of torch.save. Received {os.fspath(path)!r}, which cannot be read: {reason(error)} "
            "Copy or download it again, or save it with torch.save(model.state_dict(), path)."
        ) from error


class _Refused(Exception):
    """Refusal of a file; its text follows "which" in the message to the user."""


# === The two formats ===


def _read_zip(file: BinaryIO) -> Any:
    with zipfile.ZipFile(file) as archive:
        records = {info.filename: info for info in archive.infolist()}
        found = [name for name in records if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(found) != 1:
            raise _Refused("is a zip without the data.pkl of torch.save")
        root = found[0].removesuffix("data.pkl")
        order = archive.read(f"{root}byteorder").decode().strip() if f"{root}byteorder" in records else "little"
        storages: dict[str, np.ndarray] = {}

        def load(storage: _Storage) -> np.ndarray:
            if storage.key not in storages:
                info = records[f"{root}data/{storage.key}"]
                # torch.save does not compress: a small file that unpacks without bound is not one of its own.
                if info.compress_type != zipfile.ZIP_STORED or info.file_size != _bytes_of(storage):
                    raise _Refused(f"has a storage {storage.key!r} of another size than it says")
                storages[storage.key] = _values(archive.read(info), storage.dtype, order)
            return storages[storage.key]

        if records[found[0]].compress_type != zipfile.ZIP_STORED:
            raise _Refused("is a compressed zip, which torch.save does not write")
        return _resolve(_unpickle(io.BytesIO(archive.read(found[0]))), load)


def _read_legacy(file: BinaryIO) -> Any:
    file.seek(0)
    if _unpickle(file) != MAGIC_NUMBER or _unpickle(file) != PROTOCOL_VERSION:
        raise _Refused("was not written by torch.save")
    order = "little" if _unpickle(file)["little_endian"] else "big"
    unpickler = _Unpickler(file)
    tree = unpickler.load()
    storages = {}
    for key in _unpickle(file):
        storage = unpickler.storages[key]
        (size,) = struct.unpack("<q" if order == "little" else ">q", file.read(8))
        if size != storage.size or _bytes_of(storage) > os.fstat(file.fileno()).st_size - file.tell():
            raise _Refused(f"has a storage {key!r} of another size than it says")
        storages[key] = _values(file.read(_bytes_of(storage)), storage.dtype, order)
    return _resolve(tree, lambda storage: storages[storage.key])


# === Pickles ===


class _Unpickler(pickle.Unpickler):
    """Unpickler for plain containers, and for tensors as records of this module: no name in a pickle is imported."""

    def __init__(self, file: Any) -> None:
        super().__init__(file, encoding="utf-8")  # for strings of Python 2
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        # New functions for each pickle, so that attributes it may set on them do not persist.
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _tensor(storage, offset, shape, strides)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda data, *_: data
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise _Refused(f"asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        # Kind, type of the storage, its key, device, number of elements; in early files, a view of another storage.
        kind, dtype, key, _device, size, *view = pid
        if kind != "storage" or dtype not in STORAGES.values() or any(part is not None for part in view):
            raise _Refused("holds a storage of an unknown kind")
        storage = _Storage(_checked(key, str), dtype, _checked(size, int))
        if self.storages.setdefault(storage.key, storage) != storage:
            raise _Refused(f"describes the storage {key!r} in two ways")
        return storage


def _unpickle(file: Any) -> Any:
    return _Unpickler(file).load()


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any) -> _Tensor:
    sizes, steps = (tuple(_checked(value, int) for value in values) for values in (shape, strides))
    last = _checked(offset, int) + sum((size - 1) * step for size, step in zip(sizes, steps, strict=True))
    elements = math.prod(sizes)
    # No tensor of a state dict repeats its elements; with repeats, a small file could fill the memory.
    if elements > _checked(storage, _Storage).size or (elements and last >= storage.size):
        raise _Refused("has a tensor beyond its storage")
    return _Tensor(storage, offset, sizes, steps)


def _checked(value: Any, kind: type) -> Any:
    if type(value) is not kind or (isinstance(value, int) and value < 0):
        raise _Refused(f"has {value!r} in place of a {kind.__name__.strip('_').lower()}")
    return value


# === Arrays ===


def _bytes_of(storage: _Storage) -> int:
    return storage.size * (2 if storage.dtype == BFLOAT16 else np.dtype(storage.dtype).itemsize)


def _values(data: bytes, dtype: str, order: str) -> np.ndarray:
    stored = np.dtype("uint16" if dtype == BFLOAT16 else dtype).newbyteorder("<" if order == "little" else ">")
    values = np.frombuffer(data, stored)
    if dtype == BFLOAT16:
        return (values.astype("uint32") << 16).view("float32")
    return values.astype(stored.newbyteorder("="))


def _resolve(tree: Any, load: Callable[[_Storage], np.ndarray]) -> Any:
    """Return the tree with every tensor record replaced by an array."""
    done: dict[int, Any] = {}  # an object that is referred to many times is resolved and copied once

    def resolve(node: Any) -> Any:
        if node is None or isinstance(node, bool | int | float | str):
            return node
        if id(node) not in done:
            done[id(node)] = convert(node)
        return done[id(node)]

    def convert(node: Any) -> Any:
        if isinstance(node, _Tensor):
            values = load(node.storage)[node.offset :]
            strides = [step * values.itemsize for step in node.strides]
            return np.lib.stride_tricks.as_strided(values, node.shape, strides, writeable=False)
        if isinstance(node, Mapping):
            return {key: resolve(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [resolve(value) for value in node]
        raise _Refused(f"holds a {type(node).__name__.strip('_').lower()}")

    return resolve(tree)
