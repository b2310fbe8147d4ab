import math
import re

import numpy as np
import pandas as pd
import pytest

from resunet_kit.plots._page.tables import table


def cells(html, pattern=r"<td[^>]*>(.*?)</td>"):
    return re.findall(pattern, html)


def test_numbers_carry_what_they_are_sorted_by():
    html = table({"v": [0.123456, math.inf, -math.inf, math.nan, None, 12, np.float32(0.5)]})
    exact = cells(html, r"<td([^>]*)>")
    assert exact[0] == ' class="number" data-value="0.123456"'
    assert [cell[15:] for cell in exact[1:3]] == [' data-value="Infinity"', ' data-value="-Infinity"']
    assert exact[3] == exact[4] == ' class="number"'


@pytest.mark.parametrize(
    ("descending", "order"),
    [(False, ["f", "b", "e", "a", "c", "d"]), (True, ["c", "a", "b", "e", "f", "d"])],
)
def test_rows_are_sorted_with_equals_in_order_and_blanks_last(descending, order):
    data = {"name": ["a", "b", "c", "d", "e", "f"], "score": [2.0, 1.0, math.inf, None, 1.0, -math.inf]}
    html = table(data, sort_by="score", descending=descending)
    assert [cell for cell in cells(html) if cell in "abcdef" and cell] == order
    assert f'aria-sort="{"descending" if descending else "ascending"}"' in html
    assert html.count("sorted") == 6
    assert data["name"] == ["a", "b", "c", "d", "e", "f"]


def test_missing_values_of_every_kind_come_last():
    for values in ([pd.NA, 2, 1], pd.array([None, 2, 1], dtype="Int64"), [pd.NaT, 2.0, 1.0]):
        html = table({"name": ["a", "b", "c"], "v": values}, sort_by="v")
        assert [cell for cell in cells(html) if cell in ("a", "b", "c")] == ["c", "b", "a"]
        assert html.count('class="number') == 4
    assert cells(table({"v": [np.eye(1), np.zeros(1)]}, sort_by="v")) == ["[0.]", "[[1.]]"]
    assert cells(table({"v": [np.ones(2), "a", -math.inf]}, sort_by="v")) == ["−∞", "[1. 1.]", "a"]


def test_numbers_at_the_beginning_of_texts_are_sorted_as_numbers():
    given = ["3.2 (1 to 5)", "∞", "–", "10.1 (9 to 11)", "−∞ (−∞ to 2)", "−1,000.5", "word"]
    order = ["−∞ (−∞ to 2)", "−1,000.5", "3.2 (1 to 5)", "10.1 (9 to 11)", "word", "∞"]
    assert cells(table({"v": given}, sort_by="v")) == [*order, "–"]
    assert cells(table({"v": given}, sort_by="v", descending=True)) == [*order[::-1], "–"]


def test_integers_beyond_floats_and_masked_values_are_sorted():
    assert cells(table({"v": [10**400, 1, -(10**400)]}, sort_by="v"))[1] == "1"
    assert cells(table({"v": np.ma.masked_array([3.0, 1.0, 2.0], [1, 0, 0])}, sort_by="v"))[:2] == ["1.00", "2.00"]


def test_text_is_sorted_as_text():
    html = table([{"name": "b"}, {"name": ""}, {"name": "a"}], sort_by="name")
    assert cells(html) == ["a", "b", ""]


def test_a_column_to_sort_by_must_exist():
    with pytest.raises(ValueError, match=r"Received 'Dise'. Name one of them"):
        table({"Dice": [1]}, sort_by="Dise")
    with pytest.raises(ValueError, match=r"Received \['Dice'\]. Name one of them"):
        table({"Dice": [1]}, sort_by=["Dice"])


def test_names_of_columns_are_escaped_and_buttons():
    html = table({'<b>"&': ["</td>"]})
    assert '<button type="button">&lt;b&gt;"&amp;</button>' in html
    assert "<td>&lt;/td&gt;</td>" in html


def test_long_tables_scroll_and_long_cells_wrap():
    assert "long" not in table({"a": ["x"] * 20})
    assert 'class="scroll table long"' in table({"a": ["x"] * 21})
    assert '<td class="wrap">' in table({"a": ["word " * 10]})
