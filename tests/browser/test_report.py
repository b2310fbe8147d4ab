import plotly.graph_objects as go
import pytest

from resunet_kit import plots
from tests.browser.conftest import DESK, PHONE, wait_until
from tests.browser.every_kind import ROWS

pytestmark = pytest.mark.browser

DRAWN = "document.querySelectorAll('.figure.drawn').length"
FIGURES = "document.querySelectorAll('.figure').length"
THEME = "document.documentElement.dataset.theme"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_whole_report_is_drawn_and_fits(report, visit, width, scheme):
    with visit(width, scheme) as watched:
        page = watched.open(report)
        assert watched.overflow() is None
        assert page.evaluate(DRAWN) <= 2
        page.evaluate("document.querySelectorAll('main details').forEach((fold) => { fold.open = true; })")
        watched.read()
        wait_until(page, f"{DRAWN} === {FIGURES}")
        assert page.locator(".figure.failed").count() == 0
        assert page.evaluate(THEME) == scheme
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate(COVERED) == []
        assert page.evaluate(OVERLAPPING) == []


# Drawings that stick out of their figure's box, which would be cut.
OUTSIDE = """() => Array.from(document.querySelectorAll(".figure.drawn")).filter((box) => {
    const room = box.getBoundingClientRect();
    return Array.from(box.querySelectorAll(".main-svg")).some((svg) => {
        const size = svg.getBoundingClientRect();
        return size.right > room.right + 1 || size.bottom > room.bottom + 1;
    });
}).map((box) => box.id)"""


# Numbers at a vertical axis that lie in the panel beside it.
COVERED = """() => Array.from(document.querySelectorAll(".figure.drawn")).flatMap((box) => {
    const layout = box._fullLayout || {}, start = box.getBoundingClientRect();
    const panels = (layout._subplots?.cartesian || []).map((id) => layout._plots[id]).map(({xaxis, yaxis}) => ({
        left: start.left + xaxis._offset, right: start.left + xaxis._offset + xaxis._length,
        top: start.top + yaxis._offset, bottom: start.top + yaxis._offset + yaxis._length,
    }));
    return Array.from(box.querySelectorAll('g[class^="y"][class$="tick"] text')).filter((text) => {
        const size = text.getBoundingClientRect(), middle = (size.top + size.bottom) / 2;
        return panels.some((panel) => size.left < panel.right - 1 && size.right > panel.left + 1
            && middle > panel.top && middle < panel.bottom);
    }).map((text) => `${box.id}: ${text.textContent}`);
})"""


# Titles of axes and panels that lie on each other or stick out of their figure.
OVERLAPPING = """() => Array.from(document.querySelectorAll(".figure.drawn")).flatMap((box) => {
    if (/own|Folded/.test(box.closest("section").querySelector("h2").textContent)) return [];  // not the package's
    const room = box.getBoundingClientRect();
    const titles = Array.from(box.querySelectorAll('.annotation-text, .infolayer g[class$="title"] text'), (text) =>
        ({words: `${box.id}: ${text.textContent}`, ...text.getBoundingClientRect().toJSON()}));
    const cut = titles.filter((a) => a.width && (a.left < room.left - 1 || a.right > room.right + 1));
    const over = titles.filter((a, index) => titles.slice(index + 1).some((b) => a.left < b.right - 1
        && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1));
    return [...cut, ...over].map((title) => title.words);
})"""


def test_a_figure_is_drawn_when_the_reader_comes_to_it(report, visit):
    with visit() as watched:
        page = watched.open(report)
        last = page.locator("section > .figure").last
        page.wait_for_timeout(500)
        assert "drawn" not in last.get_attribute("class")
        last.scroll_into_view_if_needed()
        wait_until(page, "document.querySelector('section:last-of-type .figure').classList.contains('drawn')")
        assert page.evaluate(DRAWN) < page.evaluate(FIGURES)


def test_without_an_observer_all_figures_are_drawn(report, visit):
    with visit(prepare="delete window.IntersectionObserver; delete window.ResizeObserver") as watched:
        page = watched.open(report)
        assert page.evaluate(DRAWN) == page.evaluate(FIGURES)


@pytest.mark.parametrize("width", [PHONE, 760, DESK])
def test_pictures_leave_no_gap(report, visit, width):
    with visit(width) as watched:
        page = watched.open(report)
        for name in ("heatmap_overlay", "orthogonal_planes", "sample_grid"):
            box = page.locator("section", has=page.locator("h2", has_text=name)).locator(".figure")
            box.scroll_into_view_if_needed()
            wait_until(page, FILLED, arg=box.element_handle())


# From the first picture's top to the last one's bottom there is all the height of the figure without its margins.
FILLED = """(box) => {
    const layout = box._fullLayout;
    const axes = Object.keys(layout || {}).filter((key) => /^yaxis[0-9]*$/.test(key)).map((key) => layout[key]);
    const tops = axes.map((axis) => axis._offset), bottoms = axes.map((axis) => axis._offset + axis._length);
    return axes.length > 0 && Math.max(...bottoms) - Math.min(...tops) > layout._size.h - 12;
}"""


@pytest.mark.parametrize("width", [PHONE, 520, DESK])
def test_titles_of_panels_overlap_no_picture(report, visit, width):
    with visit(width) as watched:
        page = watched.open(report)
        box = page.locator("section", has=page.locator("h2", has_text="worst_cases")).locator(".figure")
        box.scroll_into_view_if_needed()
        wait_until(page, CLEAR, arg=box.element_handle())


CLEAR = """(box) => {
    const rectangles = (what) => Array.from(box.querySelectorAll(what), (shape) => shape.getBoundingClientRect());
    const titles = rectangles(".annotation-text-g"), pictures = rectangles(".im image");
    const apart = (a, b) => a.bottom <= b.top + 1 || b.bottom <= a.top + 1 || a.right <= b.left || b.right <= a.left;
    return titles.length > 3 && pictures.length > 3 && titles.every((a) => pictures.every((b) => apart(a, b)));
}"""


def test_the_page_reaches_nothing_outside(report, visit):
    with visit() as watched:
        page = watched.open(report)
        asked = "fetch('https://example.com/').then(() => 'reached', () => 'refused')"
        assert page.evaluate(asked) == "refused"
        image = """new Promise((done) => {
            const image = new Image();
            image.onload = () => done("reached");
            image.onerror = () => done("refused");
            image.src = "https://example.com/a.png";
        })"""
        assert page.evaluate(image) == "refused"
        refused, watched.wrong = watched.wrong, []
        assert sum("Content Security Policy" in message for message in refused) >= 2


# === Light and dark ===


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_have_the_ink_of_the_page_also_after_the_toggle(report, visit, scheme):
    with visit(scheme=scheme) as watched:
        page = watched.open(report)
        own = page.locator(".figure").last
        own.scroll_into_view_if_needed()
        own.locator(".gtitle").wait_for()
        fill = "(element) => [getComputedStyle(element).fill, getComputedStyle(document.body).color]"
        first = own.locator(".gtitle").evaluate(fill)
        assert first[0] == first[1]
        page.locator("#theme").click()
        second = own.locator(".gtitle").evaluate(fill)
        assert second[0] == second[1] != first[0]
        other = {"light": "dark", "dark": "light"}[scheme]
        assert page.locator("#theme").get_attribute("aria-pressed") == str(other == "dark").lower()
        page.reload()
        assert page.evaluate(THEME) == other


# === Tables ===


def column(page, name):
    """Return the cells below a header of the first table."""
    at = page.locator("table").first.locator("th").all_text_contents().index(name)
    return page.locator("table").first.locator(f"tbody td:nth-child({at + 1})").all_text_contents()


def header(page, name):
    return page.locator("table").first.get_by_role("button", name=name, exact=True)


def test_a_table_sorts_by_numbers_with_infinity_among_them_and_blanks_last(report, visit):
    with visit() as watched:
        page = watched.open(report)
        before = column(page, "Dice")
        assert before[-3:] == ["∞", "", "–"]
        header(page, "Dice").click()  # it is sorted in ascending order already
        after = column(page, "Dice")
        assert after == [*before[: ROWS - 2][::-1], "", "–"]
        header(page, "Area (px)").click()
        areas = [int(text.replace(",", "")) for text in column(page, "Area (px)")]
        assert areas == sorted(areas)
        header(page, "Area (px)").click()
        assert column(page, "Area (px)") == [f"{area:,}" for area in areas[::-1]]


def test_a_table_sorts_by_keyboard_and_says_so(report, visit):
    with visit() as watched:
        page = watched.open(report)
        assert page.locator("th[aria-sort]").all_text_contents() == ["Dice"]
        header(page, "Patient").focus()
        page.keyboard.press("Enter")
        cells = column(page, "Patient")
        assert cells == sorted(cells)
        page.keyboard.press("Space")
        assert column(page, "Patient") == cells[::-1]
        sorted_by = page.locator("table").first.locator("th[aria-sort]")
        assert sorted_by.get_attribute("aria-sort") == "descending"
        assert sorted_by.all_text_contents() == ["Patient"]


def test_numbers_inside_text_sort_as_numbers(report, visit):
    with visit() as watched:
        page = watched.open(report)
        page.get_by_role("button", name="Mean", exact=True).click()
        table = page.locator("table", has=page.get_by_role("button", name="Mean", exact=True))
        assert table.locator("tbody td:first-child").all_text_contents() == ["d", "b", "a", "c"]


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("scrolled", [0, 10_000])
def test_the_first_column_and_the_one_sorted_by_stay_in_sight(report, visit, width, scrolled):
    with visit(width) as watched:
        page = watched.open(report)
        box = page.locator(".table").first
        box.evaluate(f"(box) => {{ box.scrollLeft = {scrolled}; }}")
        page.wait_for_timeout(100)
        room = box.bounding_box()
        head = box.locator("th[aria-sort] button")
        assert head.evaluate("""(button) => {
            button.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
            const room = button.getBoundingClientRect();
            return button.contains(document.elementFromPoint(room.right - 20, room.bottom - 8));
        }""")
        first, by = box.locator("tbody td").first.bounding_box(), box.locator("tbody td.sorted").first.bounding_box()
        assert room["x"] - 1 <= first["x"]
        assert first["x"] + first["width"] <= by["x"] + 1
        assert by["x"] + by["width"] <= room["x"] + room["width"] + 1


# === Contents ===


def test_the_contents_follow(report, visit):
    with visit() as watched:
        page = watched.open(report)
        links = page.locator("nav a")
        assert links.nth(0).get_attribute("aria-current") == "true"
        links.nth(6).click()
        wait_until(page, "document.querySelectorAll('nav a')[6].getAttribute('aria-current') === 'true'")
        heading = page.locator("section").nth(6).locator("h2")
        page.wait_for_timeout(600)  # the page scrolls smoothly
        assert 0 <= heading.bounding_box()["y"] <= 120
        assert page.locator("nav a[aria-current]").count() == 1
        assert page.locator("nav ol").is_visible()
        wait_until(
            page,
            """() => {
            scrollTo({ top: document.scrollingElement.scrollHeight, behavior: "instant" });
            return document.querySelector("nav li:last-child a").hasAttribute("aria-current");
        }""",
        )


def test_on_a_phone_the_contents_fold_and_name_the_section(report, visit):
    with visit(PHONE) as watched:
        page = watched.open(report)
        assert not page.locator("nav ol").is_visible()
        page.locator("nav summary").click()
        page.locator("nav a").nth(3).click()
        name = page.locator("nav a").nth(3).text_content()
        wait_until(page, f"document.querySelector('nav summary').textContent.includes({name!r})")
        assert not page.locator("nav ol").is_visible()
        assert page.locator("nav").bounding_box()["y"] <= 1  # it stays at the top


# === Paper ===


def test_every_figure_is_printed(report, visit, tmp_path):
    import pypdfium2

    with visit(PHONE, "dark") as watched:
        page = watched.open(report)
        page.pdf(path=tmp_path / "report.pdf", format="A4")
        assert page.evaluate(DRAWN) == page.evaluate(FIGURES)
        assert page.evaluate(THEME) == "dark"
        assert not page.locator("main details").first.evaluate("(fold) => fold.open")
        assert watched.overflow() is None
    document = pypdfium2.PdfDocument(tmp_path / "report.pdf")
    text = "".join(page.get_textpage().get_text_bounded() for page in document)
    assert "A surface" in text
    assert "onerror=alert(1)" in text.replace("\r\n", "")
    pictures = sum(found.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE for page in document for found in page.get_objects())
    assert pictures >= 10  # of the figures made of images, and of the one drawn with WebGL
    corner = document[0].render(scale=0.2).to_pil().getpixel((2, 2))
    assert corner == (255, 255, 255)  # paper is white, whatever the screen is


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_a_figure_higher_than_a_page_is_printed_on_one(paper, visit, tmp_path):
    import pypdfium2

    ends = [{"text": text, "x": 0.5, "y": y, "xref": "paper", "yref": "paper"} for text, y in (("TOP", 1), ("END", 0))]
    tall = go.Figure(go.Scatter(y=[1, 2]), {"height": 1600, "annotations": ends})
    with visit(DESK) as watched:
        page = watched.open(plots.write_report(tmp_path / "tall.html", [("Figures", [tall])], title="Tall"))
        page.pdf(path=tmp_path / "tall.pdf", format=paper)
        wait_until(page, "document.querySelector('.figure').offsetHeight >= 1600")  # on the screen as before
    texts = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(tmp_path / "tall.pdf")]
    assert [("TOP" in text) for text in texts] == [("END" in text) for text in texts]
    assert any("TOP" in text for text in texts)
