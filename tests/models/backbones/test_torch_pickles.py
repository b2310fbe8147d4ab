import collections
import os
import pickle
import zipfile

import numpy as np
import pytest

from resunet_kit.models._backbones.torch_pickles import MAGIC_NUMBER, PROTOCOL_VERSION, read_torch_file

HEADER = {"protocol_version": PROTOCOL_VERSION, "little_endian": True, "type_sizes": {}}


class RunsACommand:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def write(path, kind, *pickles, stored=zipfile.ZIP_STORED):
    """Write a file of `torch.save`, whose last pickle is the content."""
    if kind == "zip":
        with zipfile.ZipFile(path, "w", stored) as archive:
            archive.writestr("archive/data.pkl", pickles[-1])
            archive.writestr("archive/data/0", bytes(range(16)))
    else:
        parts = [pickle.dumps(part, 2) for part in (MAGIC_NUMBER, PROTOCOL_VERSION, HEADER)]
        path.write_bytes(
            b"".join([*parts, *pickles, pickle.dumps(["0"], 2), (4).to_bytes(8, "little"), bytes(range(16))])
        )
    return path


def tensor(*, storage=b"FloatStorage", size=4, offset=0, shape=(2, 2), strides=(1, 2)):
    """Return the pickle of `{"w": tensor}`, as `torch.save` writes it, opcode by opcode."""
    number = lambda value: b"J" + int(value).to_bytes(4, "little", signed=True)  # noqa: E731
    numbers = lambda values: b"(" + b"".join(map(number, values)) + b"t"  # noqa: E731
    text = lambda value: b"X" + len(value).to_bytes(4, "little") + value  # noqa: E731
    storage = b"(" + text(b"storage") + b"ctorch\n" + storage + b"\n" + text(b"0") + text(b"cpu") + number(size)
    arguments = (
        storage + b"tQ" + number(offset) + numbers(shape) + numbers(strides) + b"\x89ccollections\nOrderedDict\n)R"
    )
    return b"\x80\x02}" + text(b"w") + b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tRs."


KINDS = ("zip", "legacy")


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_are_read_by_their_strides(tmp_path, kind):
    values = np.frombuffer(bytes(range(16)), "<f4")
    found = read_torch_file(write(tmp_path / "file.pth", kind, tensor()))["w"]
    np.testing.assert_array_equal(found, values.reshape(2, 2).T)
    found = read_torch_file(write(tmp_path / "part.pth", kind, tensor(offset=3, shape=(1,), strides=(1,))))["w"]
    np.testing.assert_array_equal(found, values[3:])


def test_bfloat16_is_read_as_float32(tmp_path):
    expected = np.array([1.0, -2.5, 0.0, 3 * 2.0**90], "<f4")  # of few bits
    with zipfile.ZipFile(tmp_path / "file.pth", "w") as archive:
        archive.writestr("archive/data.pkl", tensor(storage=b"BFloat16Storage", shape=(4,), strides=(1,)))
        archive.writestr("archive/data/0", expected.view("<u2")[1::2].tobytes())
    found = read_torch_file(tmp_path / "file.pth")["w"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_in_a_pickle_is_refused_before_it_runs(tmp_path, kind, protocol):
    trace = tmp_path / "trace"
    content = pickle.dumps({"weight": RunsACommand(f"touch {trace}")}, protocol)
    with pytest.raises(ValueError, match=r"asks for posix\.system\. Nothing of it was run\. Save the state dict alone"):
        read_torch_file(write(tmp_path / "evil.pth", kind, content))
    assert not trace.exists()


def test_code_in_place_of_the_header_is_refused(tmp_path):
    trace = tmp_path / "trace"
    (tmp_path / "evil.pth").write_bytes(pickle.dumps(RunsACommand(f"touch {trace}")))
    with pytest.raises(ValueError, match=r"evil\.pth', which asks for posix\.system"):
        read_torch_file(tmp_path / "evil.pth")
    assert not trace.exists()


@pytest.mark.parametrize(
    "pickled",
    [
        b"cbuiltins\neval\n(X\x01\x00\x00\x001tR.",
        b"cbuiltins\ngetattr\n.",
        b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n.",
        b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93.",
        b"ctorch\nload\n.",
    ],
)
def test_other_names_are_refused(tmp_path, pickled):
    with pytest.raises(ValueError, match="which asks for "):
        read_torch_file(write(tmp_path / "evil.pth", "zip", pickled))


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"size": 5}, "another size"),
        ({"offset": 1}, "beyond its storage"),
        ({"shape": (4, 4), "strides": (0, 0)}, "beyond its storage"),
        ({"strides": (-1, 1)}, "-1 in place of a int"),
        ({"storage": b"QUInt8Storage"}, "asks for torch.QUInt8Storage"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_tensors_that_do_not_fit_their_storage_are_refused(tmp_path, kind, options, cause):
    with pytest.raises(ValueError, match=cause):
        read_torch_file(write(tmp_path / "file.pth", kind, tensor(**options)))


def test_files_of_another_kind_are_refused(tmp_path):
    compressed = write(tmp_path / "small.pth", "zip", tensor(), stored=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(tmp_path / "other.pth", "w") as archive:
        archive.writestr("readme.txt", "none")
    (tmp_path / "text.pth").write_text("no weights")
    (tmp_path / "cut.pth").write_bytes(write(tmp_path / "file.pth", "legacy", tensor()).read_bytes()[:-1])
    for path in (compressed, tmp_path / "other.pth", tmp_path / "text.pth", tmp_path / "cut.pth", tmp_path / "no.pth"):
        with pytest.raises(ValueError, match=r"Expected a file of torch\.save") as error:
            read_torch_file(path)
        assert str(path) in str(error.value)


def test_what_refers_to_one_list_many_times_is_read_at_once(tmp_path):
    nested: list = []
    for _ in range(60):  # 10 ** 60 lists, were each followed
        nested = [nested] * 10
    content = read_torch_file(write(tmp_path / "file.pth", "zip", pickle.dumps(nested)))
    assert content[0] is content[9]


@pytest.mark.slow
@pytest.mark.parametrize("zipped", [True, False])
def test_what_pytorch_saves_is_read_alike(tmp_path, zipped):
    torch = pytest.importorskip("torch", reason="writes the files")
    kinds = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
    state = collections.OrderedDict((kind, torch.arange(12).reshape(3, 4).to(getattr(torch, kind))) for kind in kinds)
    state["transposed"], state["scalar"] = state["float32"].T, torch.tensor(7)
    state["parameter"], state["part"] = torch.nn.Parameter(torch.ones(2)), state["float32"][1, 1:3]
    content = {"state_dict": state, "epoch": 3, "best": None, "rates": [0.1, (1, 2)]}
    torch.save(content, tmp_path / "file.pth", _use_new_zipfile_serialization=zipped)
    found = read_torch_file(tmp_path / "file.pth")
    assert {key: found[key] for key in ("epoch", "best", "rates")} == {"epoch": 3, "best": None, "rates": [0.1, [1, 2]]}
    for name, value in state.items():
        np.testing.assert_array_equal(found["state_dict"][name], value.detach().float().numpy(), name)
