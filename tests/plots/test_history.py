import keras
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
    assert figure.layout.xaxis.title.text == "Epoch (1 value not finite,<br>no validation recorded)"
    lost = plots.training_history({"loss": [np.nan, np.nan]})
    assert lost.layout.title.text == "Training"
    assert len(lost.data) == 1


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="Train the model first"):
        plots.training_history({})
    with pytest.raises(ValueError, match=r"loss: 5, val_loss: 3 .*Pass validation_freq"):
        plots.training_history({"loss": [1, 2, 3, 4, 5], "val_loss": [1, 2, 3]})
    with pytest.raises(TypeError, match="Expected loss to be a sequence of numbers"):
        plots.training_history({"loss": ["low"]})
    with pytest.raises(TypeError, match="Expected loss to be a sequence of numbers"):
        plots.training_history({"loss": 0.5})
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


def drawn(history, **options):
    return {
        (trace.name, trace.yaxis or "y"): (list(trace.x), list(trace.y))
        for trace in lines(plots.training_history(history, **options))
    }


@pytest.mark.parametrize(
    ("epochs", "values", "expected"),
    [
        (4, 2, [2, 4]),
        (5, 2, [2, 4]),
        (2, 1, [2]),
        (10, 5, [2, 4, 6, 8, 10]),
        (10, 3, [3, 6, 9]),
        (10, 2, [5, 10]),  # 4 and 8 would be two as well
        (7, 1, [7]),
        (9, 4, [2, 4, 6, 8]),
    ],
)
def test_validation_that_ran_seldom_stands_at_the_epochs_of_its_frequency(epochs, values, expected):
    history = {"loss": [*range(epochs)], "val_loss": [*range(values)]}
    figure = plots.training_history(history)
    assert list(lines(figure)[1].x) == expected
    assert lines(figure)[1].mode in ("markers", "lines+markers")
    assert figure.layout.xaxis.title.text == f"Epoch (validation every {expected[0]}, assumed)"
    assert figure.layout.title.text == f"Best epoch {expected[0]} of {epochs} · val_loss 0"


@pytest.mark.parametrize(("epochs", "values"), [(5, 3), (10, 4), (5, 4)])
def test_epochs_that_lengths_do_not_tell_are_asked_for(epochs, values):
    history = {"loss": [*range(epochs)], "val_loss": [*range(values)]}
    with pytest.raises(ValueError, match="Pass validation_freq as fit got it"):
        plots.training_history(history)
    given = [epochs - index for index in range(values)]
    assert list(lines(plots.training_history(history, validation_freq=given))[1].x) == sorted(given)


def test_a_given_frequency_counts_more_than_the_lengths():
    history = {"loss": [*range(10)], "val_loss": [3, 1]}
    assert list(lines(plots.training_history(history, validation_freq=4))[1].x) == [4, 8]
    assert list(lines(plots.training_history(history, validation_freq=[1, 9]))[1].x) == [1, 9]
    with pytest.raises(ValueError, match="validation_freq=3"):
        plots.training_history(history, validation_freq=3)
    for wrong in (0, [0], []):
        with pytest.raises(ValueError, match="Expected validation_freq"):
            plots.training_history(history, validation_freq=wrong)
    with pytest.raises(TypeError, match="Expected validation_freq"):
        plots.training_history(history, validation_freq=2.0)
    with pytest.raises(ValueError, match="Expected validation_freq"):  # where nothing needs it, too
        plots.training_history({"loss": [1.0, 0.5]}, validation_freq=0)


def test_the_callbacks_epochs_of_a_resumed_training_are_used():
    class Callback:
        epoch = (3, 4, 5, 6, 7)
        history = {"loss": [5, 4, 3, 2, 1], "val_loss": [3, 2, 4]}  # noqa: RUF012

    figure = plots.training_history(Callback())
    assert [list(trace.x) for trace in lines(figure)] == [[4, 5, 6, 7, 8], [4, 6, 8]]
    assert figure.layout.title.text == "Best epoch 6 of 8 · val_loss 2"


def test_a_resumed_training_of_several_possible_frequencies_asks():
    class Callback:
        epoch = (2, 3, 4, 5, 6, 7)
        history = {"loss": [6, 5, 4, 3, 2, 1], "val_loss": [3, 2]}  # noqa: RUF012

    with pytest.raises(ValueError, match="Pass validation_freq"):  # 3 and 6, or 4 and 8
        plots.training_history(Callback())


@pytest.mark.slow
def test_histories_of_keras_stand_at_their_epochs():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    data = np.zeros((2, 1)), np.zeros((2, 1))
    seen = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: "val_loss" in logs and seen.append(epoch))
    rate = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    for freq, epochs, start in [(2, 5, 0), (2, 8, 3), (3, 8, 2), ([1, 4], 5, 0)]:
        seen.clear()
        options = {"validation_data": data, "validation_freq": freq, "epochs": epochs, "initial_epoch": start}
        history = model.fit(*data, **options, verbose=0, callbacks=[rate, watch])
        # Two validations of six epochs from the third: every 3 gives 3 and 6, every 4 gives 4 and 8.
        given = {} if freq == 2 else {"validation_freq": freq}
        figure = plots.training_history(history, **given)
        assert list(lines(figure)[1].x) == [epoch + 1 for epoch in seen]
        assert len(lines(figure)[2].x) == epochs - start  # the learning rate


def test_metrics_that_come_later_end_with_the_last_epoch():
    history = {"loss": [4, 3, 2, 1], "learning_rate": [0.1, 0.2], "val_loss": [4, 3, 2, 1]}
    figure = plots.training_history(history)
    assert drawn(history)["Training", "y2"] == ([3, 4], [0.1, 0.2])
    assert figure.layout.xaxis2.title.text == "Epoch (learning_rate<br>from 3 on)"
    assert figure.layout.xaxis.title.text == "Epoch"


def test_values_between_gaps_are_visible():
    figure = plots.training_history({"loss": [1.0, None, 0.5, np.nan, 2.0]})
    assert lines(figure)[0].mode == "lines+markers"
    assert figure.layout.title.text == "Best epoch 3 of 5 · loss 0.5"


def test_the_best_epoch_is_marked_where_there_is_a_value():
    figure = plots.training_history({"loss": [4, 1, 2, 3], "val_loss": [4, 3]}, monitor="val_loss")
    assert sorted((trace.x[0], trace.y[0]) for trace in figure.data if trace.name == "Best epoch") == [(4, 3), (4, 3)]
    figure = plots.training_history({"loss": [1, 2, 3, 4], "val_loss": [4, 3]}, monitor="loss")
    assert [trace.x[0] for trace in figure.data if trace.name == "Best epoch"] == [1]


STAGES = {
    "classifier": {"loss": [3.0, 2.0], "val_loss": [3.0, 1.0], "auc": [0.5, 0.6], "learning_rate": [0.1, 0.001]},
    "segmenter": {"loss": [3.0, 1.0, 2.0], "learning_rate": [0.1, 0.09, 0.08]},
}


def panel_titles(figure):
    return [note.text for note in figure.layout.annotations if note.yanchor == "bottom"]


def test_both_stages_stand_together_each_with_its_epochs_and_rate():
    figure = plots.training_history(STAGES)
    titles = ["classifier: loss", "classifier: auc", "classifier: learning rate"]
    assert panel_titles(figure) == [*titles, "segmenter: loss", "segmenter: learning rate"]
    assert figure.layout.title.text.replace("<br>", " ") == "Best epoch: classifier 2 of 2, segmenter 2 of 3"
    alone = [lines(plots.training_history(history)) for history in STAGES.values()]
    together = [(list(trace.x), list(trace.y), trace.name) for trace in lines(figure)]
    assert together == [(list(trace.x), list(trace.y), trace.name) for part in alone for trace in part]
    assert sorted(trace.name for trace in figure.data if trace.showlegend) == ["Best epoch", "Training", "Validation"]


def test_the_last_panel_of_a_stage_fills_its_row():
    axes = [axis.domain for axis in plots.training_history(STAGES).select_xaxes()]
    assert [domain[1] for domain in axes] == pytest.approx([axes[0][1], 1, 1, axes[0][1], 1])
    assert [domain[0] for domain in axes] == pytest.approx([0, axes[1][0], 0, 0, axes[1][0]])


def test_a_rate_over_decades_has_a_logarithmic_axis_and_others_have_not():
    figure = plots.training_history(STAGES)
    assert [axis.type for axis in figure.select_yaxes()] == [None, None, "log", None, None]
    ends_at_zero = plots.training_history({"loss": [2.0, 1.0], "learning_rate": [0.1, 0.0]})
    assert ends_at_zero.layout.yaxis2.type is None  # a logarithmic axis has no zero


def test_monitor_and_frequency_may_differ_between_stages():
    stages = {"a": {"loss": [3, 2, 1, 2], "auc": [4, 1, 2, 3]}, "b": {"loss": [*range(10)], "val_loss": [3, 1]}}
    figure = plots.training_history(stages, monitor={"a": "auc"}, validation_freq={"b": 4})
    assert figure.layout.title.text.replace("<br>", " ") == "Best epoch: a 1 of 4, b 8 of 10"
    with pytest.raises(ValueError, match="Expected a stage in monitor to be one of"):
        plots.training_history(stages, monitor={"c": "auc"})
    with pytest.raises(ValueError, match="Expected monitor of 'b' to be one of"):
        plots.training_history(stages, monitor="auc", validation_freq={"b": 4})
    with pytest.raises(TypeError, match="Pass one mapping for each stage"):
        plots.training_history({"a": stages["a"], "loss": [1, 2]})
    with pytest.raises(ValueError, match="Train the model first"):
        plots.training_history({"a": stages["a"], "b": {}})


def test_numbers_that_are_no_values_or_names_are_refused():
    with pytest.raises(TypeError, match="Expected loss to be a sequence of numbers"):
        plots.training_history({"loss": [10**400]})
    with pytest.raises(TypeError, match="Expected monitor"):
        plots.training_history({"loss": [1.0]}, monitor=0)


def test_missing_validation_and_values_are_said():
    figure = plots.training_history(STAGES)
    assert [axis.title.text for axis in figure.select_xaxes()] == ["Epoch"] * 3 + [
        "Epoch (no validation<br>recorded)"
    ] * 2
    lost = plots.training_history({"loss": [np.nan, np.nan], "val_dice": [np.inf, np.nan]})
    assert [note.text for note in lost.layout.annotations[2:]] == ["loss: no finite value", "dice: no finite value"]
    assert [note.xref for note in lost.layout.annotations[2:]] == ["x domain", "x2 domain"]


def test_a_constant_learning_rate_is_not_drawn_as_zero():
    figure = plots.training_history(
        {"loss": [0.9, 0.5], "lr": [1e-3, 1e-3], "balance": [-2.0, -2.0], "none": [0.0, 0.0]}
    )
    assert [axis.range for axis in figure.select_yaxes()] == [None, (0, 2e-3), (-4, 0), None]


def test_values_that_are_no_list_of_numbers_are_refused():
    for values in ("12", b"12", {1.0, 2.0}, 3.0):
        with pytest.raises(TypeError, match=r"Expected loss .*sequence.* Received"):
            plots.training_history({"loss": values})
    with pytest.raises(ValueError, match="Expected loss without masked values"):
        plots.training_history({"loss": np.ma.masked_array([1.0, 2.0], [1, 0])})
    with pytest.raises(ValueError, match=r"Expected history .* Received '1' twice"):
        plots.training_history({1: [1.0], "1": [2.0]})
