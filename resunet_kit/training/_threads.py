"""How many processors this process may use, and giving as many threads to TensorFlow."""

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
TIMEOUT = 120  # seconds of a process that measures; it takes about eight


def usable_processors() -> tuple[int, int]:
    """Return how many processors the operating system lets this process use, and how many cores' worth it may spend.

    A container's limit and two threads of one core make the second number the smaller: more threads than that wait for
    one another.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = {_siblings(processor) for processor in allowed}
    return len(allowed), max(1, math.ceil(min(len(cores), _quota())))


def _siblings(processor: int) -> str:
    """Return which processors share a core with this one; where Linux does not tell, each has one of its own."""
    try:
        return (TOPOLOGY / f"cpu{processor}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(processor)


def _quota() -> float:
    """Return the processors that the control group grants; infinity without a limit."""
    try:
        if CGROUP.exists():
            quota, period = CGROUP.read_text().split()
        else:
            quota, period = QUOTA_V1.read_text(), PERIOD_V1.read_text()
        return int(quota) / int(period) if int(quota) > 0 else math.inf
    except (OSError, ValueError):  # no control groups, or "max"
        return math.inf


def set_threads(*, measure: bool = False) -> tuple[int | None, str]:
    """Give TensorFlow its threads: one for each core that may be spent, or the number with which it is faster.

    Args:
        measure: Whether to measure, in new processes, where there are more processors than cores to spend. It takes
            about a quarter of a minute then.

    Returns:
        The number, and in a sentence what was done.
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
    """Return the seconds of a training step of a small network with so many threads, in a new process.

    A process keeps the threads that TensorFlow began with. Where no process can be made, infinity.
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
