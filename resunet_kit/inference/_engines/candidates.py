"""Engines and precisions that may be faster than Keras in float32, and how each is created."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras

from resunet_kit.inference import _conversion
from resunet_kit.inference._engines.engine import Engine
from resunet_kit.inference._engines.keras_engine import KerasEngine, bfloat16_twin
from resunet_kit.inference._engines.onnxruntime_engine import ONNXRuntimeEngine
from resunet_kit.inference._engines.openvino_engine import OpenVINOEngine, has_bfloat16
from resunet_kit.inference._engines.threads import allowed_threads
from resunet_kit.inference._float32_twin import computes_in_half, float32_twin
from resunet_kit.inference._optional import optional
from resunet_kit.inference._quantization import quantized_onnx

# The likely winners come first: the last ones are left out if `seconds` are over.
COMBINATIONS = (
    ("keras", "float32"),
    ("openvino", "bfloat16"),
    ("openvino", "float32"),
    ("keras", "bfloat16"),
    ("onnxruntime", "float32"),
    ("openvino", "int8"),
    ("onnxruntime", "int8"),
)


@dataclass(frozen=True)
class Candidate:
    """Results for one engine in one precision.

    Attributes:
        engine: "keras", "openvino" or "onnxruntime".
        precision: "float32", "bfloat16" or "int8".
        seconds: Seconds per image, the shortest of several calls; None if it was not timed.
        difference: The largest difference of an output from that of Keras in float32; None if it did not run.
        reason: Why it was chosen or left out.
    """

    engine: str
    precision: str
    seconds: float | None = field(default=None, compare=False)
    difference: float | None = field(default=None, compare=False)
    reason: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """Engine and precision in words."""
        return f"{self.engine} in {self.precision}"


class Workshop:
    """Factory of the engines of one model, which is converted once for all precisions.

    Args:
        model: The user's model.
        calibration: Images for int8; None if that was not requested.
    """

    def __init__(self, model: keras.Model, calibration: Any = None) -> None:
        self.model, self.calibration = model, calibration
        self.threads = allowed_threads()

    def make(self, engine: str, precision: str) -> Engine:
        """Return the engine, ready to run.

        Raises:
            ImportError: If a package is not installed; the message names the extra.
            ValueError: If this machine or the engine lacks the precision.
            Exception: Whatever a converter raises for a model with operations that it lacks.
        """
        makers: dict[tuple[str, str], Callable[[], Engine]] = {
            ("keras", "float32"): lambda: self.reference,
            ("keras", "bfloat16"): self._keras_bfloat16,
            ("openvino", "float32"): lambda: OpenVINOEngine(self._openvino, "float32", self.threads),
            ("openvino", "bfloat16"): self._openvino_bfloat16,
            ("openvino", "int8"): self._openvino_int8,
            ("onnxruntime", "int8"): lambda: ONNXRuntimeEngine(self._int8, self.threads),
            ("onnxruntime", "float32"): lambda: ONNXRuntimeEngine(self._onnx, self.threads),
        }
        return makers[engine, precision]()

    @cached_property
    def reference(self) -> KerasEngine:
        """Keras in float32, which all others are compared with."""
        return KerasEngine(float32_twin(self.model))

    @cached_property
    def _openvino(self) -> Any:
        optional("openvino")
        return _conversion.to_openvino(self.model)

    @cached_property
    def _onnx(self) -> bytes:
        optional("onnxruntime")
        return _conversion.to_onnx(self.model)

    @cached_property
    def _int8(self) -> bytes:
        return quantized_onnx(self._onnx, self.calibration)

    def _openvino_int8(self) -> Engine:
        core = optional("openvino").Core()
        return OpenVINOEngine(core.read_model(self._int8), "int8", self.threads)

    def _keras_bfloat16(self) -> Engine:
        return KerasEngine(self.model if computes_in_half(self.model) else bfloat16_twin(self.model))

    def _openvino_bfloat16(self) -> Engine:
        optional("openvino")
        if not has_bfloat16():
            raise ValueError(
                "Expected a processor on which OpenVINO computes in bfloat16. Received one without. Pass "
                'precision="float32" or "auto".'
            )
        return OpenVINOEngine(self._openvino, "bfloat16", self.threads)
