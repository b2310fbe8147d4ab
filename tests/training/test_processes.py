import importlib.util
import json
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.io import imsave

from resunet_kit.training import shard_for_process

CHECKOUT = Path(__file__).parents[2]


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 6))
def test_batches_of_all_processes_together_are_those_of_one(count, each, batches):
    items = list(range(count * each * batches))
    shards = [shard_for_process(items, count * each, index=index, count=count) for index in range(count)]
    assert {size for _, size in shards} == {each}
    for batch in range(batches):
        together = sorted(item for part, _ in shards for item in part[batch * each : (batch + 1) * each])
        assert together == items[batch * count * each : (batch + 1) * count * each]


def test_the_remainder_is_dropped_on_request_alone():
    for index in range(2):
        with pytest.raises(ValueError, match=r"fill batches of 4.* Received 10 items.* leaves out 2"):
            shard_for_process(range(10), 4, index=index, count=2)
    shards = [shard_for_process(range(10), 4, index=index, count=2, drop_remainder=True) for index in range(2)]
    assert shards == [([0, 2, 4, 6], 2), ([1, 3, 5, 7], 2)]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"index": 2}, ValueError, "index"),
        ({"index": -1}, ValueError, "index"),
        ({"index": 0.5}, TypeError, "index"),
        ({"count": 0}, ValueError, "count"),
        ({"batch_size": 3}, ValueError, "2 processes can divide equally.* Take 4"),
        ({"batch_size": 16, "drop_remainder": True}, ValueError, "at least one batch of 16"),
    ],
)
def test_shares_that_would_hang_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        shard_for_process(range(8), **{"batch_size": 4, "index": 0, "count": 2, **options})


@pytest.fixture
def folder(tmp_path):
    """Return a folder of 12 images and their masks."""
    generator = np.random.default_rng(0)
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for number in range(12):
        image = generator.integers(0, 256, (16, 16), "uint8")
        imsave(tmp_path / "images" / f"{number:02}.png", image, check_contrast=False)
        imsave(tmp_path / "masks" / f"{number:02}.png", (image > 128).astype("uint8") * 255, check_contrast=False)
    return tmp_path


def trained(folder, count):
    """Run the example in `count` processes that talk over loopback, and return its history and weights."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    out = folder / f"of_{count}"
    call = [sys.executable, "-m", "examples.several_processes", folder / "images", folder / "masks", "--out", out]
    call += [
        "--count",
        count,
        "--address",
        address,
        "--batch-size",
        4,
        "--epochs",
        3,
        "--filters",
        4,
        8,
        "--no-shuffle",
    ]
    running = [
        subprocess.Popen([*map(str, call), "--index", str(index)], cwd=CHECKOUT, stderr=subprocess.PIPE, text=True)
        for index in range(count)
    ]
    try:
        errors = [process.communicate(timeout=240)[1] for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0] * count, errors
    model = keras.models.load_model(out / "model.keras", compile=False)
    return json.loads((out / "history.json").read_text()), model.get_weights()


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is of the extra `backends`")
def test_two_processes_give_the_losses_metrics_and_weights_of_one(folder):
    history, weights = trained(folder, 1)
    assert history["loss"][-1] < history["loss"][0]
    history_of_two, weights_of_two = trained(folder, 2)
    assert history_of_two.keys() == history.keys() == {"loss", "dice_score"}
    for name, values in history.items():
        np.testing.assert_allclose(history_of_two[name], values, rtol=1e-4)
    for ours, theirs in zip(weights_of_two, weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
