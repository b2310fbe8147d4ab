import numpy as np
import pytest
from sklearn import metrics

from resunet_kit import plots

RNG = np.random.default_rng(3)


def test_confusion_counts_and_fractions_are_those_of_scikit_learn():
    truth, prediction = RNG.integers(0, 4, 200), RNG.integers(0, 4, 200)
    counts = plots.confusion_matrix(truth, prediction)
    np.testing.assert_array_equal(counts.data[0].z, metrics.confusion_matrix(truth, prediction))
    assert f"{metrics.accuracy_score(truth, prediction):.3f}" in counts.layout.title.text
    normalized = plots.confusion_matrix(truth, prediction, normalize=True)
    np.testing.assert_allclose(normalized.data[0].z, metrics.confusion_matrix(truth, prediction, normalize="true"))


def test_rows_are_the_truth_and_the_first_class_stands_on_top():
    figure = plots.confusion_matrix(["a", "a", "b"], ["b", "b", "b"])
    assert figure.data[0].z.tolist() == [[0, 2], [0, 1]]
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.data[0].text[0][1].startswith("2<br>100.0%")


def test_a_named_class_that_does_not_occur_keeps_its_row():
    figure = plots.confusion_matrix([0, 2], [0, 2], names=["x", "y", "z"], normalize=True)
    assert list(figure.data[0].x) == ["x", "y", "z"]
    assert figure.data[0].z.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert plots.class_balance([0, 2], names=["x", "y", "z"]).data[0].y == (1, 0, 1)


def test_balance_counts_each_class_in_each_group():
    labels = RNG.integers(0, 3, 100)
    groups = np.where(RNG.random(100) < 0.3, "test", "train")
    figure = plots.class_balance(labels, groups=groups, names={2: "two", 0: "zero", 1: "one"})
    assert [trace.name for trace in figure.data] == list(dict.fromkeys(groups.tolist()))
    for trace in figure.data:
        part = labels[groups == trace.name]
        assert list(trace.x) == ["two", "zero", "one"]
        np.testing.assert_array_equal(trace.y, [np.sum(part == label) for label in (2, 0, 1)])
        np.testing.assert_allclose(trace.customdata, [np.mean(part == label) for label in (2, 0, 1)])
    assert figure.layout.barmode == "stack"


def test_booleans_take_names_in_order():
    figure = plots.class_balance(np.array([True, False, True]), names=["no", "yes"])
    assert dict(zip(figure.data[0].x, figure.data[0].y, strict=True)) == {"no": 1, "yes": 2}


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least one label"):
        plots.class_balance([])
    with pytest.raises(ValueError, match="labels: 2, groups: 1"):
        plots.class_balance([0, 1], groups=["a"])
    with pytest.raises(ValueError, match="no name for 2"):
        plots.class_balance([0, 2], names=["a", "b"])
    with pytest.raises(ValueError, match="truth: 2, prediction: 3"):
        plots.confusion_matrix([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="Threshold probabilities"):
        plots.confusion_matrix([0, 1], [0.2, 0.7])
    with pytest.raises(ValueError, match="one value for each sample"):
        plots.confusion_matrix([[0, 1]], [[0, 1]])
    with pytest.raises(ValueError, match="None or NaN for 1 of 2"):
        plots.class_balance([0, 1], groups=["a", None])
    with pytest.raises(TypeError, match="Expected normalize"):
        plots.confusion_matrix([0, 1], [0, 1], normalize=1)


def test_a_matrix_of_counts_is_drawn_as_the_labels_that_it_counts():
    truth, prediction = [0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2]
    counts = metrics.confusion_matrix(truth, prediction)
    for normalize in (False, True):
        expected = plots.confusion_matrix(truth, prediction, normalize=normalize)
        for given in (counts, counts.astype(float)):
            assert plots.confusion_matrix(given, normalize=normalize).to_json() == expected.to_json()
    weighted = plots.confusion_matrix([[0.5, 1.5], [0, 2]], names=["a", "b"]).data[0]
    assert weighted.text[0] == ["0.5<br>25.0%", "1.5<br>75.0%"]
    assert weighted.x == ("a", "b")


@pytest.mark.parametrize("counts", [[0, 1], [[1, 2]], [[1, -1], [0, 1]], np.zeros((2, 2)), [[1, np.nan], [0, 1]]])
def test_what_is_not_a_matrix_of_counts_is_refused(counts):
    with pytest.raises(ValueError, match=r"Expected (truth without prediction|finite truth)"):
        plots.confusion_matrix(counts)
    with pytest.raises(ValueError, match=r"Expected a name for each of 2 classes\. Received 3 names"):
        plots.confusion_matrix(np.eye(2), names=["a", "b", "c"])


def test_one_class_alone_is_drawn_and_said():
    figure = plots.confusion_matrix(["a", "a"], ["a", "a"])
    assert figure.layout.title.text == "Confusion matrix · accuracy 1.000<br>One class alone: a"
    assert list(plots.class_balance(["a", "a"]).data[0].text) == ["2 · 100%"]


@pytest.mark.parametrize(("classes", "text", "scale"), [(3, "%{text}", False), (10, "%{z:,}", False), (20, "", True)])
def test_cells_show_what_has_room_and_else_a_scale(classes, text, scale):
    heatmap = plots.confusion_matrix(range(classes), range(classes)).data[0]
    assert (heatmap.texttemplate, heatmap.showscale) == (text, scale)
    assert len(heatmap.text[0]) == classes


def test_classes_of_one_name_are_refused_since_an_axis_would_add_them_up():
    with pytest.raises(ValueError, match=r"a name of its own for each label\. Received 'a' for \[0, 1\]"):
        plots.class_balance([0, 1], names=["a", "a"])


def test_texts_are_not_compared_with_numbers():
    for truth, prediction in (([1, 0], ["1", "0"]), (["a", "b"], [0, 1])):
        with pytest.raises(TypeError, match="texts in one and numbers in the other"):
            plots.confusion_matrix(truth, prediction)
    for labels in ([1, "a"], np.array([True, "a"], object)):
        with pytest.raises(TypeError, match=r"Expected truth of one type\. Received texts and other values"):
            plots.confusion_matrix(labels, ["1", "a"])
    for labels in ([b"1"], [1j], np.array([1], "m8[s]")):
        with pytest.raises(TypeError, match="Expected labels to be integers, booleans or texts"):
            plots.class_balance(labels)


def test_labels_come_in_every_form_that_means_the_same():
    expected = plots.class_balance([1, 0, 1])
    for labels in (np.array([1.0, 0.0, 1.0]), np.array([1, 0, 1], object), iter([1, 0, 1]), np.array([1, 0, 1]) > 0):
        assert plots.class_balance(labels) == expected
    days = np.array(["2024-01-02", "2024-01-01"], "M8[D]")
    for dates in (days, days.astype("M8[ns]")):
        assert plots.confusion_matrix(days, dates).data[0].x == ("2024-01-01", "2024-01-02")


def test_what_holds_no_labels_is_refused():
    with pytest.raises(ValueError, match=r"Expected labels to hold one value for each sample.* Received shape \(\)"):
        plots.class_balance(np.array(None))
    with pytest.raises(TypeError, match=r"Expected labels as a sequence. Received {'tumour': 3}"):
        plots.class_balance({"tumour": 3})
    with pytest.raises(TypeError, match=r"Expected names as a sequence. Received 'ab'"):
        plots.class_balance([0, 1], names="ab")
    with pytest.raises(TypeError, match="Expected labels to be integers, booleans or texts"):
        plots.class_balance([{}, {}])
    with pytest.raises(ValueError, match=r"Expected labels to be class labels. Received fractions"):
        plots.class_balance(np.array([0.5, 1.0], object))


def test_long_names_are_shortened_on_the_axis_and_whole_on_hovering():
    names = ["left lateral ventricle", "right lateral ventricle", "x"]
    for figure in (
        plots.class_balance([0, 1, 2], names=names),
        plots.confusion_matrix(range(3), range(3), names=names),
    ):
        assert list(figure.data[0].x) == names
        assert figure.layout.xaxis.labelalias == {
            names[0]: "left later…ventricle",
            names[1]: "right late…ventricle",
        }
