"""Train one network with several processes, on one machine or several: start this script once per process.

python -m examples.several_processes IMAGES MASKS --out RUN --count 2 --index 0 --address 127.0.0.1:12345 &
python -m examples.several_processes IMAGES MASKS --out RUN --count 2 --index 1 --address 127.0.0.1:12345

The processes communicate through JAX. Process 0 writes RUN/model.keras and RUN/history.json.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m examples.several_processes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("images", type=Path, help="folder of images, all of one size")
    options.add_argument("masks", type=Path, help="folder of their masks, by name")
    options.add_argument("--out", type=Path, required=True, help="folder of the results")
    options.add_argument("--count", type=int, default=1, help="number of processes (default: %(default)s)")
    options.add_argument("--index", type=int, default=0, help="index of this process, from 0 (default: %(default)s)")
    options.add_argument(
        "--address", default="127.0.0.1:12345", help="host and port of process 0 (default: %(default)s)"
    )
    options.add_argument("--batch-size", type=int, default=16, help="images over all processes (default: %(default)s)")
    options.add_argument("--epochs", type=int, default=20, help="default: %(default)s")
    options.add_argument("--shuffle", action=argparse.BooleanOptionalAction, default=True, help="new order each epoch")
    options.add_argument("--filters", type=int, nargs="+", default=[16, 32, 64, 128], help="default: %(default)s")
    return options


def train(options: argparse.Namespace) -> None:
    """Train on this process's part of every batch."""
    os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported
    import keras

    from resunet_kit.data import PairBatches, pair_by_name
    from resunet_kit.losses import CrossEntropy, Dice
    from resunet_kit.metrics import DiceScore
    from resunet_kit.models import res_unet
    from resunet_kit.training import shard_for_process

    if options.count > 1:
        keras.distribution.initialize(options.address, num_processes=options.count, process_id=options.index)
        keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))

    shard = {"index": options.index, "count": options.count, "drop_remainder": True}
    images, masks = pair_by_name(options.images, options.masks)
    images, batch_size = shard_for_process(images, options.batch_size, **shard)
    masks, _ = shard_for_process(masks, options.batch_size, **shard)
    batches = PairBatches(images, masks, batch_size=batch_size, shuffle=options.shuffle, seed=0)

    keras.utils.set_random_seed(0)  # the same weights in every process
    model = res_unet(batches[0][0].shape[1:], filters=options.filters)
    model.compile("adam", Dice() + CrossEntropy(), metrics=[DiceScore()])
    main = options.index == 0
    history = model.fit(batches, epochs=options.epochs, shuffle=False, verbose="auto" if main else 0).history

    # All processes save, because JAX compares the weights of all; what the others write is thrown away.
    with tempfile.TemporaryDirectory() as thrown_away:
        out = options.out if main else Path(thrown_away)
        out.mkdir(parents=True, exist_ok=True)
        model.save(out / "model.keras")
        (out / "history.json").write_text(json.dumps(history, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    train(parser().parse_args())
