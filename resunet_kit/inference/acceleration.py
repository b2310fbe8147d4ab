"""Acceleration of a Keras model by the fastest engine on this machine, called like `model.predict`."""

import threading
from typing import Any, Literal, get_args

import keras
import numpy as np

from resunet_kit._shared.numbers import choice, flag, integer, number
from resunet_kit.inference._engines import choosing
from resunet_kit.inference._engines.candidates import Candidate
from resunet_kit.inference._engines.engine import Engine, Report
from resunet_kit.inference._engines.race import Found
from resunet_kit.inference._engines.sample import checked_images, random_images
from resunet_kit.inference._engines.snapshot import Snapshot
from resunet_kit.inference._engines.sources import array_of, batches_of

EngineName = Literal["auto", "keras", "openvino", "onnxruntime"]
Precision = Literal["auto", "float32", "bfloat16", "int8"]
BATCH_SIZE = 8


def accelerate(
    model: keras.Model,
    *,
    engine: EngineName = "auto",
    precision: Precision = "auto",
    images: Any = None,
    batch_size: int | None = None,
    calibration: Any = None,
    seconds: float = 10.0,
    cache: bool | Literal["redo"] = True,
    verbose: bool = False,
) -> "AcceleratedModel":
    """Run a model on the engine that is fastest on this machine, among those whose outputs agree with its own.

    Keras in float32 and bfloat16, OpenVINO in float32 and bfloat16, and ONNX Runtime are timed alternately on the same
    images. An engine is left out if it is not installed, cannot run the model, or disagrees: in float32 by more than
    0.001; in bfloat16 by more than 0.01 on average, or in the class of more than 1 % of the pixels. The choice is
    remembered for this architecture, image shape, batch size, processor, number of threads and versions.

    Args:
        model: A built model with one input; several outputs are fine. It is not changed.
        engine: `"auto"`, or the engine to use: then only its precisions are compared.
        precision: `"auto"` (float32 or bfloat16), or the precision to use. `"int8"` needs `calibration`.
        images: `(n, ...)`, typical images as the model gets them, on which engines are compared and timed. None: random
            ones, of 256 pixels (in volumes 64) along each axis of variable size.
        batch_size: Number of images per call to optimise for, and the default of `predict`. None: the number of
            `images`, at most 8.
        calibration: For int8, about 100 images as the model gets them, `(n, ...)`, from the training set.
        seconds: About how long measuring may take. Large models are measured on fewer images, and ONNX Runtime is left
            out if no time is left for it.
        cache: Whether to read and write the remembered choice; `"redo"` measures again and overwrites it. The file is
            `resunet_kit/engines.json` in the user's cache folder, or in that of `XDG_CACHE_HOME`.
        verbose: Whether to print the choice and the reason.

    Returns:
        A model that is called like `model.predict`, with attributes that tell what was chosen and why.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If an argument is not as above, or the requested engine or precision cannot run the model, does not
            agree with it, or is not available on this machine.
        ImportError: If the requested engine is not installed.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.inference import accelerate
        >>> from resunet_kit.models import res_unet
        >>> model = res_unet((16, 16, 1), filters=(4, 8))
        >>> fast = accelerate(model, engine="keras", precision="float32", cache=False)
        >>> fast.predict(np.zeros((3, 16, 16, 1)), verbose=0).shape
        (3, 16, 16, 1)

    Note:
        The accelerated model is a snapshot of the weights, except for Keras in float32, which is the model itself:
        accelerate again after training. It warns once if it notices that they have changed. It uses the threads that
        the process may use (`OMP_NUM_THREADS`, `taskset`, a container's quota); Keras uses those of its backend.

    References:
        OpenVINO, https://docs.openvino.ai. ONNX Runtime, https://onnxruntime.ai.
    """
    check_model(model)
    choice("engine", engine, get_args(EngineName))
    choice("precision", precision, get_args(Precision))
    number("seconds", seconds, "(0, inf)")
    flag("verbose", verbose)
    if cache != "redo" or not isinstance(cache, str):
        flag("cache", cache)
    if images is not None:
        images = checked_images("images", images, model)
    wanted = min(BATCH_SIZE, BATCH_SIZE if images is None else len(images))
    size = wanted if batch_size is None else integer("batch_size", batch_size, "[1, inf)")
    options = choosing.Options(
        engine, precision, size, seconds, cache, _checked_calibration(precision, calibration, model)
    )
    found, remembered = choosing.choose(model, random_images(model, size) if images is None else images, options)
    fast = AcceleratedModel(model, found, size, remembered=remembered)
    if verbose:
        print(f"accelerate: {fast.reason}")
    return fast


class AcceleratedModel:
    """A model on the engine that `accelerate` chose; it predicts as the model does, in float32.

    Attributes:
        model: The Keras model that it was made from.
        engine: `"keras"`, `"openvino"` or `"onnxruntime"`.
        precision: `"float32"`, `"bfloat16"` or `"int8"`.
        reason: The choice in a sentence.
        candidates: Results for each engine and precision.
        batch_size: Default number of images at a time in `predict`.
    """

    def __init__(self, model: keras.Model, found: Found, batch_size: int, *, remembered: str = "") -> None:
        self.model, self.batch_size = model, batch_size
        self.engine: str = found.chosen.engine
        self.precision: str = found.chosen.precision
        self.candidates: tuple[Candidate, ...] = found.candidates
        self.reason = f"{found.chosen.name}: {found.chosen.reason}{remembered}"
        self._engine: Engine = found.engine
        self._snapshot = None if getattr(found.engine, "model", None) is model else Snapshot(model)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<AcceleratedModel {self.name!r}, {self.reason}>"

    @property
    def name(self) -> str:
        """Name of the model."""
        return str(self.model.name)

    @property
    def input_shape(self) -> Any:
        """Shape of a batch of inputs, with None for a variable size."""
        return self.model.input_shape

    @property
    def output_shape(self) -> Any:
        """Shape of a batch of outputs, with None for a variable size."""
        return self.model.output_shape

    @property
    def inputs(self) -> list[Any]:
        """Symbolic inputs of the model."""
        return list(self.model.inputs)

    @property
    def outputs(self) -> list[Any]:
        """Symbolic outputs of the model."""
        return list(self.model.outputs)

    @property
    def layers(self) -> list[Any]:
        """Layers of the model."""
        return list(self.model.layers)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Literal["auto", 0, 1, 2] = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the outputs for all images, as `model.predict` does.

        Args:
            x: Images `(n, ...)` as an array, a tensor, a memory map or a list; or batches of them: a
                `tf.data.Dataset`, a `keras.utils.PyDataset`, a `torch` loader or a generator, with or without targets.
            batch_size: Number of images at a time, and per step of the progress bar. None: that of `accelerate`.
                Batches of a dataset are taken as they are.
            verbose: 0: silent; 1 or "auto": a progress bar; 2: one line.
            steps: Number of batches to predict. None: all.
            callbacks: Must be None; a model on another engine calls none.

        Returns:
            float32 outputs as NumPy arrays, in the structure of the model's outputs.

        Raises:
            TypeError: If `x` is something else.
            ValueError: If an argument or a shape is not as above, or an image has NaN or an infinite value, for which
                some engines would return numbers.
        """
        shown = _checked_verbose(verbose)
        if self._snapshot is not None:
            self._snapshot.warn_if_changed()
        if callbacks:
            raise ValueError(
                "Expected no callbacks. Received some, which only Keras's own loop calls. Leave them out, or call "
                "model.predict of the attribute model."
            )
        size = self.batch_size if batch_size is None else integer("batch_size", batch_size, "[1, inf)")
        limit = None if steps is None else integer("steps", steps, "[1, inf)")
        shape = tuple(self.model.inputs[0].shape)
        images = array_of(x, shape)
        if images is None:
            return self._packed(self._predict_batches(x, shape, limit, shown))
        images = images if limit is None else images[: limit * size]
        bar = keras.utils.Progbar(-(-len(images) // size), unit_name="step", verbose=shown)
        return self._packed(self._run(images, size, lambda done: bar.update(-(-done // size))))

    __call__ = predict

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch, as NumPy arrays."""
        if self._snapshot is not None:
            self._snapshot.warn_if_changed()
        images = array_of(x, tuple(self.model.inputs[0].shape))
        if images is None:
            raise TypeError(
                f"Expected a batch of images as an array. Received {type(x).__name__}. Pass datasets to predict."
            )
        return self._packed(self._run(images, len(images)))

    def _run(self, images: Any, size: int, report: Report | None = None) -> list[np.ndarray]:
        with self._lock:  # an engine's requests serve one call at a time
            return self._engine.run(images, size, report)

    def _predict_batches(
        self, x: Any, shape: tuple[int | None, ...], steps: int | None, verbose: int
    ) -> list[np.ndarray]:
        batches, count = batches_of(x, shape, steps)
        bar = keras.utils.Progbar(count, unit_name="step", verbose=verbose)
        parts: list[list[np.ndarray]] = []
        for batch in batches:
            parts.append(self._run(batch, len(batch)))
            bar.update(len(parts), finalize=len(parts) == count)
        if not parts:
            raise ValueError(
                "Expected at least one batch. Received none. Check the dataset, or make the generator anew."
            )
        columns = list(zip(*parts, strict=True))
        shapes = sorted({part.shape[1:] for column in columns[:1] for part in column})
        if len(shapes) > 1:
            raise ValueError(
                f"Expected batches whose outputs have one size. Received {shapes[:4]}. Predict images of each size in "
                "a call of their own."
            )
        return [np.concatenate(column) for column in columns]

    def _packed(self, outputs: list[np.ndarray]) -> Any:
        """Return the outputs in the structure of the model's outputs."""
        structure = getattr(self.model, "output", None)  # a sequential model that no other model calls has none
        if isinstance(structure, dict) or len(outputs) > 1:
            return keras.tree.pack_sequence_as(structure, outputs)
        return outputs[0]  # as Keras does with a list of one


def check_model(model: Any) -> None:
    """Refuse what is not a built Keras model with one input.

    Raises:
        TypeError: If it is not a Keras model.
        ValueError: If it is not built, or has several inputs.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"Expected a keras.Model. Received {model!r}. Build it, or load it with keras.models.load_model."
        )
    inputs = getattr(model, "inputs", None)
    if not inputs or len(inputs) != 1 or any(tensor.dtype == "string" for tensor in inputs):
        raise ValueError(
            f"Expected a built model with one input. Received {model.name!r} with {len(inputs or ())} inputs. Build it "
            "as keras.Model(input, outputs)."
        )


def _checked_calibration(precision: str, calibration: Any, model: keras.Model) -> Any:
    if precision != "int8":
        if calibration is not None:
            raise ValueError(
                f'Expected calibration with precision="int8". Received calibration and {precision=}. Pass '
                'precision="int8", or leave calibration out.'
            )
        return None
    if calibration is None:
        raise ValueError(
            'Expected calibration images for precision="int8", which needs the range of each feature. Received '
            "calibration=None. Pass about 100 training images, as the model gets them."
        )
    return checked_images("calibration", calibration, model)


def _checked_verbose(verbose: Any) -> int:
    if isinstance(verbose, str):
        choice("verbose", verbose, ("auto",), also="0, 1 or 2")
        return 1
    return integer("verbose", int(verbose) if isinstance(verbose, bool) else verbose, "[0, 2]")
