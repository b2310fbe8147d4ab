"""Number of processors that this process may use, and of threads that TensorFlow gets."""

import math
import os
import subprocess
import sys
from pathlib import Path

import keras

import resunet_kit

CGROUP = Path("/sys/fs/cgroup/cpu.max")
QUOTA_V1, PERIOD_V1 = (Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{name}_us") for name in ("quota", "period"))
TOPOLOGY = Path("/sys/devices/system/cpu")
TIMEOUT = 120  # seconds for a measuring process, which takes about eight


def usable_processors() -> tuple[int, int]:
    """Return how many processors this process may run on, and how many cores' worth of computing time it may use.

    The second number is smaller under a container's limit, or if cores run two hardware threads each: more threads
    than that would wait for one another.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = {_siblings(processor) for processor in allowed}
    return len(allowed), max(1, math.ceil(min(len(cores), _quota())))


def _siblings(processor: int) -> str:
    """Return which processors share a core with this one; if Linux does not tell, each has a core of its own."""
    try:
        return (TOPOLOGY / f"cpu{processor}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(processor)


def _quota() -> float:
    """Return how many processors the control group grants; infinity without a limit."""
    try:
        if CGROUP.exists():
            quota, period = CGROUP.read_text().split()
        else:
            quota, period = QUOTA_V1.read_text(), PERIOD_V1.read_text()
        return int(quota) / int(period) if int(quota) > 0 else math.inf
    except (OSError, ValueError):  # no control groups, or "max"
        return math.inf


def set_threads(*, measure: bool = False) -> tuple[int | None, str]:
    """Set the number of TensorFlow's threads: one for each usable core, or the number with which it is faster.

    Args:
        measure: Whether to measure, in new processes, if there are more processors than usable cores. This takes about
            a quarter of a minute.

    Returns:
        The number of threads, and a sentence on what was done.
    """
    processors, cores = usable_processors()
    backend = keras.backend.backend()
    if backend != "tensorflow":
        return None, f"Threads were left to the backend, {backend}."
    import tensorflow as tf

    if set_by_user := os.environ.get("TF_NUM_INTRAOP_THREADS"):
        return int(set_by_user), f"The environment sets {set_by_user} threads."
    now = tf.config.threading.get_intra_op_parallelism_threads() or processors
    if now == cores:
        return cores, f"TensorFlow has {cores} threads, as many as cores to use."
    try:
        tf.config.threading.set_intra_op_parallelism_threads(cores)
    except RuntimeError:
        return now, (
            f"TensorFlow has started with {now} threads for {cores} cores and cannot change them: call this before "
            f"anything else of TensorFlow, or set TF_NUM_INTRAOP_THREADS={cores} in the environment."
        )
    times = {threads: step_seconds(threads) for threads in (cores, now)} if measure else {}
    if not times or not all(map(math.isfinite, times.values())):
        return cores, f"TensorFlow got {cores} threads, one for each core to use, where it would have taken {now}."
    threads = min(times, key=times.__getitem__)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    table = " and ".join(f"{1000 * taken:.1f} ms with {number}" for number, taken in times.items())
    return threads, f"TensorFlow got {threads} threads: a training step takes {table}."


def step_seconds(threads: int) -> float:
    """Return the seconds that a training step of a small network takes with so many threads, in a new process.

    A new process, since TensorFlow keeps the threads that it began with. Infinity if no process can be started.
    """
    code = "from resunet_kit.training.machine import small_step_seconds; print(small_step_seconds())"
    paths = [str(Path(resunet_kit.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    changed = {"TF_NUM_INTRAOP_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(paths)}
    try:
        run = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | changed,
            timeout=TIMEOUT,
        )
        return float(run.stdout.split()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return math.inf
