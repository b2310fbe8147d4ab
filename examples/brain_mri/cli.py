"""Command line of the example; heavy modules load inside the command that needs them."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from examples.brain_mri.cohort.index import Index, index_folder
from examples.brain_mri.options import Options, add_arguments, positive, seed
from examples.brain_mri.quiet import load_tensorflow
from examples.brain_mri.requirements import EVALUATION, PACKAGES, READING, SIMULATION, check_installed, missing
from examples.brain_mri.run_folder import RunFolder

# Small and short, so that two cores end it within minutes: about 630 slices.
DEMO_PATIENTS = 18
SMALLEST_DEMO = 5
DEMO = Options(
    data="",
    image_size=64,
    classifier_width=0.25,
    classifier_epochs=8,
    segmenter_epochs=5,
    batch_size=16,
    fractions=(0.6, 0.2, 0.2),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; bad input is one line on standard error and exit code 1."""
    chosen = parser().parse_args(arguments)
    try:
        check_installed(chosen.command, chosen.needs)
        return int(chosen.run(chosen) or 0)
    except (ValueError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"examples", "resunet_kit"}:
            raise  # a fault of the example itself
        print(f"error: {missing(chosen.command, PACKAGES.get(package, package))}", file=sys.stderr)
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
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="simulate a cohort, train both stages, evaluate, write the report")
    demo.add_argument("--out", type=Path, default=Path("runs/demo"), help="run folder (default: %(default)s)")
    demo.add_argument(
        "--patients", type=positive, default=DEMO_PATIENTS, help="patients to simulate (default: %(default)s)"
    )
    demo.add_argument("--seed", type=seed, default=0, help="of cohort and training (default: %(default)s)")
    demo.set_defaults(run=run_demo, needs=SIMULATION)

    simulate = commands.add_parser("simulate", help="write a simulated cohort in the Kaggle folder layout")
    simulate.add_argument("dir", type=Path, help="new folder")
    simulate.add_argument("--patients", type=positive, default=110, help="default: %(default)s")
    simulate.add_argument("--seed", type=seed, default=0, help="default: %(default)s")
    simulate.set_defaults(run=run_simulate, needs=SIMULATION)

    check = commands.add_parser("check", help="index a folder and name everything wrong with it")
    check.add_argument("dir", type=Path, help="folder in the Kaggle layout, or the notebook's CSV")
    _add_allow_healthy(check)
    check.set_defaults(run=run_check, needs=READING)

    train = commands.add_parser("train", help="train both stages on one split by patient")
    train.add_argument("--data", type=Path, required=True, help="folder in the Kaggle layout, or the notebook's CSV")
    train.add_argument("--out", type=Path, required=True, help="new run folder")
    train.add_argument("--resume", action="store_true", help="continue the run in --out, with its own options")
    _add_allow_healthy(train)
    add_arguments(train)
    train.set_defaults(run=run_train, needs=READING)

    evaluate = commands.add_parser("evaluate", help="score a run on its test patients and write the report")
    evaluate.add_argument("--run", dest="folder", type=Path, required=True, help="run folder")
    evaluate.add_argument("--data", type=Path, required=True, help="the data that the run was trained on")
    _add_allow_healthy(evaluate)
    evaluate.set_defaults(run=run_evaluate, needs=EVALUATION)

    predict = commands.add_parser("predict", help="mark new images and tabulate where the tumour is")
    predict.add_argument("--run", dest="folder", type=Path, required=True, help="run folder")
    predict.add_argument("--out", type=Path, required=True, help="new folder for masks and predictions.csv")
    predict.add_argument("images", type=Path, nargs="+", metavar="IMAGE_OR_DIR", help="folders are searched below")
    predict.set_defaults(run=run_predict, needs=READING)
    return top


def _add_allow_healthy(command: argparse.ArgumentParser) -> None:
    command.add_argument("--allow-healthy", action="store_true", help="patients without any tumour are not a problem")


def run_demo(chosen: argparse.Namespace) -> None:
    """Do what is still to be done for a report on a simulated cohort."""
    from examples.brain_mri.simulation import simulate_cohort

    out = chosen.out
    cohort = out / "cohort"
    if chosen.patients < SMALLEST_DEMO:
        raise ValueError(
            f"Expected --patients of at least {SMALLEST_DEMO}, for three parts. Received {chosen.patients}. Pass more."
        )
    if not cohort.is_dir():
        _refuse_existing(out)
        simulate_cohort(cohort, patients=chosen.patients, seed=chosen.seed)
    index = _checked_index(cohort)
    if len(index.patients) != chosen.patients:
        raise ValueError(
            f"Expected {chosen.patients} patients in {cohort}. Received {len(index.patients)} of an earlier demo. "
            f"Delete {out}, or name another --out."
        )
    load_tensorflow()
    from examples.brain_mri import training

    options = replace(DEMO, data=str(cohort), seed=chosen.seed)
    if (out / "config.json").is_file():
        run = RunFolder.open(out)
        if run.options().seed != chosen.seed:
            raise ValueError(
                f"Expected a demo of --seed {chosen.seed}. Received {out} of seed {run.options().seed}. "
                "Delete it, or name another --out."
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
    """Name everything wrong with a folder; exit code 1 where there is a problem."""
    index = index_folder(chosen.dir, progress=True, allow_healthy=chosen.allow_healthy)
    for note in index.notes:
        print(f"note: {note}")
    for problem in index.problems:
        print(f"problem: {problem}")
    patients = len({item.patient for item in index.slices})
    tumour = sum(item.has_tumour for item in index.slices)
    print(f"{patients} patients, {len(index.slices)} slices, {tumour} with tumour, {len(index.problems)} problems")
    return 1 if index.problems else 0


def run_train(chosen: argparse.Namespace) -> None:
    """Train both stages into a new run folder, or continue one."""
    if chosen.resume:
        run = RunFolder.open(chosen.out)
    else:
        _refuse_existing(chosen.out)
        run = None
    index = _checked_index(chosen.data, allow_healthy=chosen.allow_healthy)
    load_tensorflow()
    from examples.brain_mri import training

    run = run or training.start(chosen.out, index, Options.from_arguments(chosen))
    training.train(run, index)
    print(f"trained: {run.path}. Next: evaluate --run {run.path} --data {chosen.data}")


def run_evaluate(chosen: argparse.Namespace) -> None:
    """Score a run on its test patients."""
    run = RunFolder.open(chosen.folder)
    run.trained()
    _evaluate(run, _checked_index(chosen.data, allow_healthy=chosen.allow_healthy))
    print(f"report: {run.report.resolve()}")


def run_predict(chosen: argparse.Namespace) -> None:
    """Mark new images."""
    folder = RunFolder.open(chosen.folder).trained()
    load_tensorflow()
    from examples.brain_mri import prediction

    images = prediction.find_images(chosen.images)
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


def _checked_index(data: Path, *, allow_healthy: bool = False) -> Index:
    index = index_folder(data, progress=True, allow_healthy=allow_healthy)
    if index.problems:
        raise ValueError(
            f"Expected data without problems. Received {data} with {len(index.problems)}, the first: "
            f"{index.problems[0]}. Name them all with `python -m examples.brain_mri check {data}`."
        )
    return index


def _refuse_existing(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(
            f"Expected a new run folder. Received {out}, which exists. Continue its run with "
            f"`train --out {out} --resume`, or name another --out."
        )
