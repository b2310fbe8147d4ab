import html.parser
import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from resunet_kit import plots


class Page(html.parser.HTMLParser):
    """Collect what a browser would load, the text, and the headings' anchors."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.links, self.anchors, self.tags = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.anchors.append(value)
            elif name == "href" and tag == "a":
                self.links.append(value)
            elif name in ("src", "href", "srcset", "data", "action"):
                self.loaded.append(value)


def page_of(path):
    return path.read_text(encoding="utf-8")


def test_the_page_loads_nothing_and_holds_plotly_once(tmp_path):
    figures = [plots.score_distribution([0.1, 0.9]), plots.roc_curve([0, 1], [0.1, 0.9])]
    text = page_of(plots.write_report(tmp_path / "report.html", [("One", figures), ("Two", figures)]))
    page = Page(text)
    assert page.loaded == []
    assert "link" not in page.tags
    assert text.count('id="plotly-data"') == 1
    assert [f"figure-{number}-data" for number in (1, 2, 3, 4)] == [
        name for name in Page(text).anchors if name.endswith("-data") and name != "plotly-data"
    ]
    assert "default-src 'none'" in text  # the browser refuses the rest
    assert len(text) < 2_200_000
    style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
    assert "url(" not in style
    assert "@import" not in style


def test_the_subtitle_stands_between_title_and_contents(tmp_path):
    text = page_of(plots.write_report(tmp_path / "r.html", [("One", ["x"])], title="T", subtitle="**Seed** 3 < 4"))
    assert text.index("<h1>T</h1>") < text.index("<p><strong>Seed</strong> 3 &lt; 4</p>") < text.index("<nav")
    with pytest.raises(TypeError, match="Expected subtitle as text"):
        plots.write_report(tmp_path / "r.html", [("One", ["x"])], subtitle=["a"])


def test_no_button_sends_a_figure_away(tmp_path):
    text = page_of(plots.write_report(tmp_path / "r.html", [("One", [go.Figure(go.Scatter(y=[1]))])]))
    assert "showSendToCloud: false" in text


def test_plotly_is_left_out_where_nothing_needs_it(tmp_path):
    text = page_of(plots.write_report(tmp_path / "r.html", [("One", ["x", {"a": [1]}])]))
    assert "plotly-data" not in text
    assert len(text) < 40_000


def test_details_fold_blocks_away(tmp_path):
    details = plots.Details("A < b", ["x", {"a": [1]}, go.Figure(), plots.Details("Inner", ["y"])])
    text = page_of(plots.write_report(tmp_path / "r.html", [("One", [details])]))
    assert "<details><summary>A &lt; b</summary>\n<p>x</p>" in text
    assert "<details><summary>Inner</summary>\n<p>y</p>\n</details>\n</details>" in text
    assert 'id="figure-1"' in text


def test_a_table_is_sorted(tmp_path):
    block = plots.Table({"name": ["a", "b"], "Dice": [0.2, 0.1]}, sort_by="Dice")
    text = page_of(plots.write_report(tmp_path / "r.html", [("One", [block])]))
    assert text.index("<td>b</td>") < text.index("<td>a</td>")


def test_a_name_that_is_no_text_can_be_written(tmp_path):
    name = b"scan\xff.png".decode("utf-8", "surrogateescape")
    path = plots.write_report(
        tmp_path / "r.html", [(name, [name, {"file": [name]}, go.Figure(layout={"title": name})])]
    )
    assert "scan&#56575;.png" in page_of(path)


def test_contents_lead_to_every_section_and_anchors_are_unique(tmp_path):
    sections = [plots.Section("A & b", ["x"]), ("A & b", [go.Figure()]), ("C", [])]
    text = page_of(plots.write_report(tmp_path / "r.html", sections, title="T < U"))
    page = Page(text)
    assert page.links == ["#section-1", "#section-2", "#section-3"]
    assert set(page.links) <= {f"#{name}" for name in page.anchors}
    assert len(page.anchors) == len(set(page.anchors))
    assert "<title>T &lt; U</title>" in text
    assert text.count(">A &amp; b<") == 4  # two links, two headings


def test_text_is_escaped_and_lightly_marked(tmp_path):
    words = "a <script>x</script> **bold** `**code**`\n\nnext"
    text = page_of(plots.write_report(tmp_path / "r.html", [("S", [words])]))
    assert "<p>a &lt;script&gt;x&lt;/script&gt; <strong>bold</strong> <code>**code**</code></p>\n<p>next</p>" in text


def test_a_table_of_columns_equals_the_table_of_its_rows(tmp_path):
    columns = {"name": ["a", "b"], "Dice": [0.91234, 0.5], "n": [1200, 3]}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    first = page_of(plots.write_report(tmp_path / "a.html", [("S", [columns])]))
    assert first == page_of(plots.write_report(tmp_path / "b.html", [("S", [rows])]))
    assert (
        '<td>a</td><td class="number" data-value="0.91234">0.912</td><td class="number" data-value="1200">1,200</td>'
        in first
    )


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([0.5, 0.25], ["0.500", "0.250"]),
        ([1234.56, -2.0], ["1,235", "−2"]),
        ([12.34, np.float32(5)], ["12.3", "5.0"]),
        ([0.9, 1e-7], ["0.900", "1.0e−07"]),
        ([float("nan"), float("inf"), -float("inf")], ["–", "∞", "−∞"]),
        ([np.int64(1000), None], ["1,000", ""]),
        ([True, np.bool_(False)], ["yes", "no"]),
        (["<b>", 1], ["&lt;b&gt;", "1"]),
        ([0.0, 0.0], ["0.000", "0.000"]),
        ([pd.NA, pd.NaT, "a"], ["–", "–", "a"]),
        ([pd.NA, 0.5], ["–", "0.500"]),
        ([1e308, -2e12], ["1.00e+308", "−2.00e+12"]),
    ],
)
def test_cells(tmp_path, values, cells):
    text = page_of(plots.write_report(tmp_path / "r.html", [("S", [{"v": values}])]))
    assert re.findall(r"<td[^>]*>(.*?)</td>", text.split("</head>")[1]) == cells


def test_the_same_report_gives_the_same_bytes_and_leaves_no_other_file(tmp_path):
    def write(name):
        return plots.write_report(tmp_path / "new" / name, [("S", [plots.score_distribution([0.1, 0.4])])])

    assert write("a.html").read_bytes() == write("b.html").read_bytes()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.html", "b.html"]


def test_a_failed_report_keeps_the_old_one(tmp_path):
    path = plots.write_report(str(tmp_path / "r.html"), [("S", ["old"])])
    with pytest.raises(TypeError, match="block of section 'S'"):
        plots.write_report(path, [("S", ["new", 7])])
    assert "old" in page_of(path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="Expected the path of a file"):
        plots.write_report(tmp_path / "folder", [("S", ["x"])])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder", "r.html"]


def test_bad_input_is_refused(tmp_path):
    path = tmp_path / "r.html"
    with pytest.raises(ValueError, match="at least one section"):
        plots.write_report(path, [])
    with pytest.raises(ValueError, match="one length"):
        plots.write_report(path, [("S", [{"a": [1], "b": [1, 2]}])])
    with pytest.raises(ValueError, match="at least one column"):
        plots.write_report(path, [("S", [{}])])
    with pytest.raises(TypeError, match="Put it into brackets"):
        plots.write_report(path, [("S", "text")])
    with pytest.raises(TypeError, match="details 'D' as a list"):
        plots.write_report(path, [("S", [plots.Details("D", "text")])])
    with pytest.raises(TypeError, match="Table of a str"):
        plots.write_report(path, [("S", [plots.Table("text")])])
    with pytest.raises(TypeError, match="descending"):
        plots.write_report(path, [("S", [plots.Table({"a": [1]}, descending=1)])])
    with pytest.raises(TypeError, match="to_dict"):
        plots.write_report(path, [("S", [object()])])
    assert not path.exists()


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        (None, "Expected sections as a sequence"),
        ("ab", "Expected sections as a sequence"),
        ({"S": ["x"]}, "Expected sections as a sequence"),
        ([("S", [], 1)], "Expected sections as pairs"),
        (["ab"], "Expected sections as pairs"),
        ([(None, ["x"])], "Expected a section's title to be a text"),
        ([("S", None)], "Expected the blocks of section 'S' as a sequence"),
        ([("S", [plots.Details(None, ["x"])])], "Expected the title of details to be a text"),
        ([("S", [{"v": 5}])], "Expected column 'v' as a sequence"),
        ([("S", [{"v": "abc"}])], "Expected column 'v' as a sequence"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path, sections, words):
    with pytest.raises(TypeError, match=rf"{words}.* Received "):
        plots.write_report(tmp_path / "r.html", sections)


@pytest.mark.parametrize("path", [None, 1, b"r.html"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(TypeError, match=r"Expected path as a text or a Path\. Received"):
        plots.write_report(path, [("S", ["x"])])


def test_empty_titles_are_refused(tmp_path):
    path = tmp_path / "r.html"
    for sections in ([("", ["x"])], [(" \n", ["x"])], [("S", [plots.Details("", ["x"])])]):
        with pytest.raises(ValueError, match=r"Expected .*title.* with at least one letter. Received"):
            plots.write_report(path, sections)
    with pytest.raises(ValueError, match=r"Expected title with at least one letter. Received ''"):
        plots.write_report(path, [("S", ["x"])], title="")


def test_a_title_is_a_text(tmp_path):
    with pytest.raises(TypeError, match=r"Expected title to be a text. Received title=None"):
        plots.write_report(tmp_path / "r.html", [("S", ["x"])], title=None)
