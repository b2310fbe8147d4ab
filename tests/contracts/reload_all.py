"""Load every model of a folder in a new process, run it on the arrays beside it, and write what it gives or the error.

Run as `python reload_all.py FOLDER with|without`, which says whether resunet_kit may be imported.
"""

import sys
import traceback
from pathlib import Path


def hide_package() -> None:
    sys.modules["resunet_kit"] = None  # type: ignore[assignment]  # importing it is an ImportError from here on
    try:
        import resunet_kit  # noqa: F401
    except ImportError:
        return
    raise SystemExit("resunet_kit was importable")


def results(file: Path) -> dict:
    import keras
    import numpy as np

    model = keras.models.load_model(file)
    inputs, *targets = np.load(file.with_suffix(".in.npz")).values()
    # As tests/contracts/running.py, which this process must not need.
    jax = keras.backend.backend() == "jax"
    outputs = keras.tree.flatten(model.predict_on_batch(inputs) if jax else model(inputs, training=False))
    found = {f"output{i}": keras.ops.convert_to_numpy(output) for i, output in enumerate(outputs)}
    if targets:
        found["loss"] = model.evaluate(inputs, targets if len(targets) > 1 else targets[0], verbose=0)
    keras.utils.clear_session()
    return found


def main(folder: str, package: str) -> None:
    if package == "without":
        hide_package()
    else:
        import resunet_kit.losses  # noqa: F401  # registers the losses, as a user's own import does
    import keras
    import numpy as np

    if keras.backend.backend() == "jax":
        # JAX compiles the draws of first weights for every shape, seconds a model, and the file's replace them.
        keras.initializers.VarianceScaling.__call__ = lambda _, shape, dtype=None: keras.ops.zeros(shape, dtype)

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)  # tracing a model takes many times what running it once takes

    for file in sorted(Path(folder).glob("*.keras")):
        try:
            np.savez(file.with_suffix(".out.npz"), **results(file))
        except Exception:
            file.with_suffix(".error").write_text(traceback.format_exc()[-1500:])


if __name__ == "__main__":
    main(*sys.argv[1:])
