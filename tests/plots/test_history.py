import numpy as np
import pytest

from resunet_kit import plots

HISTORY = {
    "loss": [0.9, 0.6, 0.4, 0.3],
    "dice": [0.1, 0.5, 0.7, 0.8],
    "val_loss": [0.8, 0.5, 0.6, 0.7],
    "val_dice": [0.2, 0.5, 0.6, 0.4],
}


def lines(figure):
    return [trace for trace in figure.data if trace.name in ("Training", "Validation")]


def test_training_is_solid_validation_dashed_and_a_metric_has_one_panel():
    drawn = lines(plots.training_history(HISTORY))
    assert [list(trace.y) for trace in drawn] == [HISTORY[n] for n in ("loss", "val_loss", "dice", "val_dice")]
    assert [trace.line.dash for trace in drawn] == ["solid", "dash"] * 2
    assert drawn[0].xaxis == drawn[1].xaxis != drawn[2].xaxis == drawn[3].xaxis
    assert list(drawn[0].x) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("options", "epoch"),
    [
        ({}, 2),
        ({"monitor": "val_dice"}, 3),
        ({"monitor": "val_dice", "mode": "min"}, 1),
        ({"monitor": "loss"}, 4),
        ({"monitor": "loss", "mode": "max"}, 1),
    ],
)
def test_best_epoch_is_marked_in_every_panel(options, epoch):
    figure = plots.training_history(HISTORY, **options)
    stars = [trace for trace in figure.data if trace.name == "Best epoch"]
    assert [trace.x[0] for trace in stars] == [epoch] * 4
    assert sorted(trace.y[0] for trace in stars) == sorted(values[epoch - 1] for values in HISTORY.values())
    assert figure.layout.title.text.startswith(f"Best epoch {epoch} of 4")


def test_the_legend_names_each_kind_once():
    figure = plots.training_history(HISTORY)
    assert sorted(trace.name for trace in figure.data if trace.showlegend) == ["Best epoch", "Training", "Validation"]


def test_the_callback_itself_is_accepted():
    class Callback:
        history = HISTORY

    assert plots.training_history(Callback()) == plots.training_history(HISTORY)


def test_a_diverged_training_is_drawn_with_its_gaps():
    figure = plots.training_history({"loss": [0.5, np.nan, 0.7]})
    assert figure.layout.title.text == "Best epoch 1 of 3 · loss 0.5"
    lost = plots.training_history({"loss": [np.nan, np.nan]})
    assert lost.layout.title.text == "Training"
    assert len(lost.data) == 1


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="Train the model first"):
        plots.training_history({})
    with pytest.raises(ValueError, match="loss: 2, val_loss: 1"):
        plots.training_history({"loss": [1, 2], "val_loss": [1]})
    with pytest.raises(ValueError, match="at least one entry"):
        plots.training_history({"loss": []})
    with pytest.raises(ValueError, match="Did you mean 'val_loss'"):
        plots.training_history(HISTORY, monitor="val_los")
    with pytest.raises(ValueError, match="Expected mode to be one of"):
        plots.training_history(HISTORY, mode="best")
    with pytest.raises(ValueError, match="Expected columns"):
        plots.training_history(HISTORY, columns=0)
    with pytest.raises(TypeError, match="History callback"):
        plots.training_history([1, 2])
