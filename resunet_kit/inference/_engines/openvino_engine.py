"""OpenVINO as an engine: one image per request, on as many streams as it wants, or a batch at once.

Static shapes are faster than variable ones, so a model is compiled per shape; if there are many, later shapes use the
model of variable shape. Images are read from, and outputs written to, the arrays themselves.
"""

from typing import Any

import numpy as np

from resunet_kit.inference._engines.engine import Engine, Report
from resunet_kit.inference._optional import optional

MAX_SHAPES = 8
HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


def has_bfloat16() -> bool:
    """Return whether OpenVINO computes in bfloat16 on this machine."""
    return "BF16" in optional("openvino").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVINOEngine(Engine):
    """A converted model on this machine's CPU.

    Args:
        converted: An `openvino.Model` with one input.
        precision: "float32", "bfloat16" or, for a model that has been quantised, "int8".
        threads: Number of threads that it may use.
    """

    def __init__(self, converted: Any, precision: str, threads: int) -> None:
        super().__init__(converted.inputs[0].element_type.to_dtype())
        self.openvino = optional("openvino")
        self.core = self.openvino.Core()
        self.converted, self.precision, self.threads = converted, precision, threads
        self.whole_batches = False  # whether one request takes a whole batch
        self.requests: dict[tuple[Any, ...], list[Any]] = {}

    def infer(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return the outputs for one batch."""
        return self.run(batch, len(batch))

    def run(self, images: Any, batch_size: int, report: Report | None = None) -> list[np.ndarray]:
        """Return the outputs for all images, as `Engine.run` does."""
        count, shape = len(images), tuple(images.shape[1:])
        size = min(batch_size, count) if self.whole_batches else 1
        requests = self._requests_for(shape, size, "THROUGHPUT" if count >= 2 * size else "LATENCY")
        if len(requests) > -(-count // size):  # fewer images than streams, each of which has some of the threads
            requests = self._requests_for(shape, size, "LATENCY")
        work = _Work(self.openvino, requests)
        for start in range(0, count, size):
            batch = self.taken(images, start, min(start + size, count))  # while the requests compute
            if len(batch) < size:
                work = self._finished(work, shape, len(batch))
            work.submit(batch, start, count)
            done = start + len(batch)
            if report is not None and (done == count or done % batch_size == 0):
                report(done)
        return work.outputs()

    def _finished(self, work: "_Work", shape: tuple[int, ...], size: int) -> "_Work":
        """Return the work, which continues with requests of another batch size."""
        work.wait()
        work.requests = self._requests_for(shape, size, "LATENCY")
        return work

    def _requests_for(self, shape: tuple[int, ...], size: int, hint: str) -> list[Any]:
        key: tuple[Any, Any, str] = (shape, size, hint)
        if key not in self.requests and len(self.requests) >= MAX_SHAPES:
            key = (None, None, hint)
        if key not in self.requests:
            self.requests[key] = self._compile(*key)
        return self.requests[key]

    def _compile(self, shape: tuple[int, ...] | None, size: int | None, hint: str) -> list[Any]:
        model = self.converted
        if shape is not None:
            model = self.converted.clone()
            model.reshape([size, *shape])
        options = {
            "PERFORMANCE_HINT": hint,
            "INFERENCE_PRECISION_HINT": HINTS[self.precision],
            "INFERENCE_NUM_THREADS": self.threads,
            "ENABLE_CPU_PINNING": False,  # other processes and engines use the same processors
        }
        compiled = self.core.compile_model(model, "CPU", options)
        count = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") if hint == "THROUGHPUT" else 1
        return [compiled.create_infer_request() for _ in range(count)]


class _Work:
    """Requests that are used cyclically, each of which writes its outputs into the arrays of all images."""

    def __init__(self, openvino: Any, requests: list[Any]) -> None:
        self.openvino, self.requests = openvino, requests
        self.turn = 0
        self.pending: dict[int, tuple[Any, np.ndarray, int]] = {}  # by position: request, its images, the first's index
        self.found: list[np.ndarray | None] = []
        self.count = 0

    def submit(self, batch: np.ndarray, start: int, count: int) -> None:
        """Start a request on images that begin at index `start` of `count`."""
        self.count = count
        position = self.turn % len(self.requests)
        self.turn += 1
        self._wait_for(position)
        request = self.requests[position]
        request.set_input_tensor(self.openvino.Tensor(batch, shared_memory=True))
        self._bind(request, start, len(batch))
        request.start_async()
        self.pending[position] = (request, batch, start)

    def wait(self) -> None:
        """Wait for all requests."""
        for position in list(self.pending):
            self._wait_for(position)

    def outputs(self) -> list[np.ndarray]:
        """Wait, and return the outputs of all images."""
        self.wait()
        return [output for output in self.found if output is not None]

    def _bind(self, request: Any, start: int, size: int) -> None:
        """Make a request write its outputs where they belong; those of unknown shape are copied afterwards."""
        ports = request.model_outputs
        self.found = self.found or [None] * len(ports)
        for index, port in enumerate(ports):
            if port.partial_shape.is_dynamic:
                continue
            if self.found[index] is None:
                self.found[index] = np.empty((self.count, *list(port.shape)[1:]), port.element_type.to_dtype())
            target = self.found[index][start : start + size]  # type: ignore[index]
            request.set_output_tensor(index, self.openvino.Tensor(target, shared_memory=True))

    def _wait_for(self, position: int) -> None:
        if position not in self.pending:
            return
        request, batch, start = self.pending.pop(position)
        request.wait()
        for index, port in enumerate(request.model_outputs):
            if not port.partial_shape.is_dynamic:
                continue
            part = request.get_output_tensor(index).data
            if self.found[index] is None:
                self.found[index] = np.empty((self.count, *part.shape[1:]), part.dtype)
            self.found[index][start : start + len(batch)] = part  # type: ignore[index]
