import math
import os
import subprocess
import sys

import keras
import pytest

from resunet_kit.training import _threads
from resunet_kit.training._threads import set_threads, usable_processors

needs_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow's are set")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return a function that pretends a machine: its processors, which share cores in pairs or not, and a limit."""

    def pretend(processors, *, paired=False, limit="max 100000"):
        for processor in range(processors):
            folder = tmp_path / f"cpu{processor}" / "topology"
            folder.mkdir(parents=True)
            first = processor - processor % 2
            (folder / "thread_siblings_list").write_text(f"{first}-{first + 1}\n" if paired else f"{processor}\n")
        (tmp_path / "cpu.max").write_text(limit)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
        monkeypatch.setattr(_threads, "TOPOLOGY", tmp_path)
        monkeypatch.setattr(_threads, "CGROUP", tmp_path / "cpu.max")

    return pretend


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"processors": 2}, (2, 2)),
        ({"processors": 8, "paired": True}, (8, 4)),
        ({"processors": 64, "limit": "250000 100000"}, (64, 3)),
        ({"processors": 4, "limit": "50000 100000"}, (4, 1)),
        ({"processors": 4, "limit": "nonsense"}, (4, 4)),
    ],
)
def test_processors_and_cores(machine, options, expected):
    machine(**options)
    assert usable_processors() == expected


def test_limits_of_older_control_groups(machine, monkeypatch, tmp_path):
    machine(16)
    monkeypatch.setattr(_threads, "CGROUP", tmp_path / "none")
    for name, value in (("QUOTA_V1", "200000"), ("PERIOD_V1", "100000")):
        (tmp_path / name).write_text(value)
        monkeypatch.setattr(_threads, name, tmp_path / name)
    assert usable_processors() == (16, 2)
    (tmp_path / "QUOTA_V1").write_text("-1")
    assert usable_processors() == (16, 16)


@needs_tensorflow
def test_threads_of_a_tensorflow_that_runs_stay_and_the_cure_is_told(machine, monkeypatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    keras.ops.zeros(1)
    machine(64, limit="3700000 100000")
    threads, said = set_threads()
    assert threads == 64
    assert "TF_NUM_INTRAOP_THREADS=37" in said


@needs_tensorflow
def test_the_environment_goes_before(monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "5")
    assert set_threads() == (5, "The environment sets 5 threads.")


@pytest.mark.slow
@needs_tensorflow
def test_threads_are_set_before_tensorflow_runs():
    code = (
        "import os; os.sched_getaffinity = lambda _: set(range(6))\n"
        "from resunet_kit.training import _threads\n"
        "_threads._quota = lambda: 3.0\n"
        "print(_threads.set_threads()[0])\n"
        "import tensorflow as tf; tf.zeros(1); print(tf.config.threading.get_intra_op_parallelism_threads())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_NUM_INTRAOP_THREADS"}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert found.stdout.split() == ["3", "3"]


BEFORE_TENSORFLOW_RUNS = """
import os; os.sched_getaffinity = lambda _: set(range(6))
from resunet_kit.training import _threads
_threads._quota = lambda: 3.0
{}
threads, said = _threads.set_threads(measure=True)
import tensorflow as tf; tf.zeros(1); print(threads, tf.config.threading.get_intra_op_parallelism_threads(), said)
"""


@pytest.mark.slow
@needs_tensorflow
@pytest.mark.parametrize(
    ("times", "threads", "said"),
    [
        ("{3: 0.2, 6: 0.1}", 6, "TensorFlow got 6 threads: a training step takes 200.0 ms with 3 and 100.0 ms with 6."),
        ("{3: 0.1, 6: 0.2}", 3, "TensorFlow got 3 threads: a training step takes 100.0 ms with 3 and 200.0 ms with 6."),
        ("{3: 0.1, 6: float('inf')}", 3, "one for each core to use, where it would have taken 6."),
    ],
)
def test_the_faster_number_of_threads_is_taken(times, threads, said):
    code = BEFORE_TENSORFLOW_RUNS.format(f"_threads.step_seconds = {times}.__getitem__")
    environment = {name: value for name, value in os.environ.items() if name != "TF_NUM_INTRAOP_THREADS"}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert found.stdout.startswith(f"{threads} {threads} TensorFlow")
    assert found.stdout.strip().endswith(said)


@pytest.mark.slow
@needs_tensorflow
def test_a_step_is_timed_with_the_threads_asked_for(monkeypatch, tmp_path):
    assert 0 < _threads.step_seconds(1) < math.inf
    # What the process prints in place of the time is the number of threads that TensorFlow is told to take.
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho $TF_NUM_INTRAOP_THREADS\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert _threads.step_seconds(3) == 3


def test_where_no_process_can_be_made_the_time_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    assert _threads.step_seconds(2) == math.inf


def test_other_backends_are_left():
    threads, said = set_threads()
    assert said.endswith(".")
    assert (threads is None) == (keras.backend.backend() != "tensorflow")
