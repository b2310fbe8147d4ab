"""The commands of the example. Heavy modules load inside the command that needs them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from examples.brain_mri.cohort.index import Index, index_folder
from examples.brain_mri.quiet import load_tensorflow
from examples.brain_mri.run_folder import Options, RunFolder

DEFAULTS = Options(data="")
# Small and short, so that two cores end it within minutes: about 630 slices.
DEMO_PATIENTS = 18
SMALLEST_DEMO = 5
DEMO_OPTIONS: dict[str, Any] = {
    "image_size": 64,
    "classifier_width": 0.25,
    "classifier_epochs": 8,
    "segmenter_epochs": 5,
    "batch_size": 16,
    "fractions": (0.6, 0.2, 0.2),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a fault of its input is one line on standard error and exit code 1."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen) or 0)
    except (ValueError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m examples.brain_mri",
        description="Brain MRI in two stages: a ResNet says whether a slice shows a tumour, a ResUNet marks it.",
    )
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="simulate a cohort, train both stages, evaluate, write the report")
    demo.add_argument("--out", type=Path, default=Path("runs/demo"), help="run folder (default: %(default)s)")
    demo.add_argument(
        "--patients", type=_positive, default=DEMO_PATIENTS, help="patients to simulate (default: %(default)s)"
    )
    demo.add_argument("--seed", type=_seed, default=0, help="of cohort and training (default: %(default)s)")
    demo.set_defaults(run=run_demo)

    simulate = commands.add_parser("simulate", help="write a simulated cohort in the Kaggle folder layout")
    simulate.add_argument("dir", type=Path, help="new folder")
    simulate.add_argument("--patients", type=_positive, default=110, help="default: %(default)s")
    simulate.add_argument("--seed", type=_seed, default=0, help="default: %(default)s")
    simulate.set_defaults(run=run_simulate)

    check = commands.add_parser("check", help="index a folder and name everything wrong with it")
    check.add_argument("dir", type=Path, help="folder in the Kaggle layout, or the notebook's CSV")
    _add_allow_healthy(check)
    check.set_defaults(run=run_check)

    train = commands.add_parser("train", help="train both stages on one split by patient")
    train.add_argument("--data", type=Path, required=True, help="folder in the Kaggle layout, or the notebook's CSV")
    train.add_argument("--out", type=Path, required=True, help="new run folder")
    train.add_argument("--resume", action="store_true", help="go on with the run in --out, with its own options")
    _add_allow_healthy(train)
    _add_options(train)
    train.set_defaults(run=run_train)

    evaluate = commands.add_parser("evaluate", help="score a run on its test patients and write the report")
    evaluate.add_argument("--run", dest="folder", type=Path, required=True, help="run folder")
    evaluate.add_argument("--data", type=Path, required=True, help="the data that the run was trained on")
    _add_allow_healthy(evaluate)
    evaluate.set_defaults(run=run_evaluate)

    predict = commands.add_parser("predict", help="mark new images and tabulate where the tumour is")
    predict.add_argument("--run", dest="folder", type=Path, required=True, help="run folder")
    predict.add_argument("--out", type=Path, required=True, help="new folder for masks and predictions.csv")
    predict.add_argument("images", type=Path, nargs="+", metavar="IMAGE_OR_DIR", help="folders are searched below")
    predict.set_defaults(run=run_predict)
    return top


def _add_allow_healthy(command: argparse.ArgumentParser) -> None:
    command.add_argument("--allow-healthy", action="store_true", help="patients without any tumour are no fault")


def _add_options(train: argparse.ArgumentParser) -> None:
    train.add_argument(
        "--classes",
        type=int,
        choices=(1, 2),
        default=DEFAULTS.classes,
        help="output channels of the segmenter: 1 sigmoid, 2 softmax over background and tumour (default: %(default)s)",
    )
    train.add_argument(
        "--backbone",
        choices=[f"resnet{depth}" for depth in (18, 34, 50, 101, 152)],
        help="of the classifier (default: resnet18; with weights resnet50)",
    )
    train.add_argument(
        "--classifier-weights",
        default="none",
        metavar="none|imagenet|PATH",
        help="of the backbone; imagenet downloads them (default: %(default)s)",
    )
    for name, meaning in (
        ("image-size", "side in pixels that both stages see"),
        ("classifier-epochs", "epochs of the first stage"),
        ("segmenter-epochs", "epochs of the second stage"),
        ("batch-size", "slices a step"),
    ):
        default = getattr(DEFAULTS, name.replace("-", "_"))
        train.add_argument(f"--{name}", type=_positive, default=default, help=f"{meaning} (default: %(default)s)")
    train.add_argument(
        "--classifier-width",
        type=_positive_number,
        default=DEFAULTS.classifier_width,
        help="factor of the channels of resnet18 and resnet34; less is quicker (default: %(default)s)",
    )
    train.add_argument(
        "--learning-rate", type=_positive_number, default=DEFAULTS.learning_rate, help="default: %(default)s"
    )
    train.add_argument("--seed", type=_seed, default=DEFAULTS.seed, help="default: %(default)s")


def run_demo(chosen: argparse.Namespace) -> None:
    """Do what is still to be done for a report on a simulated cohort."""
    from examples.brain_mri.simulation import simulate_cohort

    out = chosen.out
    cohort = out / "cohort"
    if chosen.patients < SMALLEST_DEMO:
        raise ValueError(f"Expected --patients {SMALLEST_DEMO} or more, for three parts. Received {chosen.patients}.")
    if not cohort.is_dir():
        _refuse_existing(out)
        simulate_cohort(cohort, patients=chosen.patients, seed=chosen.seed)
    index = _sound_index(cohort)
    if len(index.patients) != chosen.patients:
        raise ValueError(
            f"{cohort} holds {len(index.patients)} patients of an earlier demo, not {chosen.patients}. "
            f"Delete {out}, or name another --out."
        )
    load_tensorflow()
    from examples.brain_mri import training

    options = Options(data=str(cohort), seed=chosen.seed, **DEMO_OPTIONS)
    if (out / "config.json").is_file():
        run = RunFolder.open(out)
        if run.options().seed != chosen.seed:
            raise ValueError(
                f"{out} is a demo of another seed, {run.options().seed}. Delete it, or name another --out."
            )
    else:
        run = training.start(out, index, options)
    training.train(run, index)
    if not run.report.is_file():
        _evaluate(run, index)
    print(f"report: {run.report.resolve()}")


def run_simulate(chosen: argparse.Namespace) -> None:
    """Write a simulated cohort."""
    from examples.brain_mri.simulation import simulate_cohort

    print(simulate_cohort(chosen.dir, patients=chosen.patients, seed=chosen.seed))


def run_check(chosen: argparse.Namespace) -> int:
    """Name everything wrong with a folder; exit code 1 where there is a fault."""
    index = index_folder(chosen.dir, progress=True, allow_healthy=chosen.allow_healthy)
    for note in index.notes:
        print(f"note: {note}")
    for fault in index.faults:
        print(f"fault: {fault}")
    patients = len({item.patient for item in index.slices})
    tumour = sum(item.has_tumour for item in index.slices)
    print(f"{patients} patients, {len(index.slices)} slices, {tumour} with tumour, {len(index.faults)} faults")
    return 1 if index.faults else 0


def run_train(chosen: argparse.Namespace) -> None:
    """Train both stages into a new run folder, or go on with one."""
    if chosen.resume:
        run = RunFolder.open(chosen.out)
    else:
        _refuse_existing(chosen.out)
        run = None
    index = _sound_index(chosen.data, allow_healthy=chosen.allow_healthy)
    load_tensorflow()
    from examples.brain_mri import training

    run = run or training.start(chosen.out, index, _options(chosen))
    training.train(run, index)
    print(f"trained: {run.path}. Next: evaluate --run {run.path} --data {chosen.data}")


def run_evaluate(chosen: argparse.Namespace) -> None:
    """Score a run on its test patients."""
    run = RunFolder.open(chosen.folder)
    run.trained()
    _evaluate(run, _sound_index(chosen.data, allow_healthy=chosen.allow_healthy))
    print(f"report: {run.report.resolve()}")


def run_predict(chosen: argparse.Namespace) -> None:
    """Mark new images."""
    folder = RunFolder.open(chosen.folder).trained()
    load_tensorflow()
    from examples.brain_mri import prediction

    images = prediction.find_images(chosen.images)
    prediction.refuse_filled(chosen.out)
    from resunet_kit.inference import Cascade

    print(prediction.predict(Cascade.load(folder), images, chosen.out) / "predictions.csv")


def _evaluate(run: RunFolder, index: Index) -> None:
    load_tensorflow()
    from examples.brain_mri.evaluation import evaluate

    summary = evaluate(run, index)
    classifier = summary["classifier"]
    auc = "undefined" if classifier["roc_auc"] is None else f"{classifier['roc_auc']:.3f}"
    print(f"test patients: classifier accuracy {classifier['accuracy']:.3f}, ROC AUC {auc}")
    for stage in ("segmenter", "cascade"):
        scores = summary[stage]
        print(
            f"{stage}: Dice per patient {scores['per_patient']['dice']['mean']:.3f} (median "
            f"{scores['per_patient']['dice']['median']:.3f}), per slice {scores['per_slice']['dice']['mean']:.3f}, "
            f"pooled {scores['pooled']['dice']:.3f}"
        )


def _sound_index(data: Path, *, allow_healthy: bool = False) -> Index:
    index = index_folder(data, progress=True, allow_healthy=allow_healthy)
    if index.faults:
        raise ValueError(
            f"{data} has {len(index.faults)} faults, the first: {index.faults[0]} "
            f"`python -m examples.brain_mri check {data}` names them all."
        )
    return index


def _refuse_existing(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(
            f"The run folder {out} exists. Go on with `train --out {out} --resume`, or name another --out."
        )


def _options(chosen: argparse.Namespace) -> Options:
    weights = None if chosen.classifier_weights == "none" else chosen.classifier_weights
    return Options(
        data=str(chosen.data),
        classes=chosen.classes,
        # Weights are published for the bottleneck ResNets alone.
        backbone=chosen.backbone or ("resnet50" if weights else DEFAULTS.backbone),
        classifier_width=chosen.classifier_width,
        classifier_weights=weights,
        image_size=chosen.image_size,
        classifier_epochs=chosen.classifier_epochs,
        segmenter_epochs=chosen.segmenter_epochs,
        batch_size=chosen.batch_size,
        learning_rate=chosen.learning_rate,
        seed=chosen.seed,
    )


def _positive_number(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a positive finite number, received {text}")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to 4294967295, received {text}")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, received {text}")
    return value
