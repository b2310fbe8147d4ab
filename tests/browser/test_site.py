"""The site that `make docs` built, opened from its files."""

from pathlib import Path

import pytest

from tests.browser.conftest import DESK, PHONE, wait_until

pytestmark = pytest.mark.browser

SITE = Path(__file__).parents[2] / "site"
# A server shows 404.html at any address, so it names its files from the root, where a page on disk has none.
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if path.name != "404.html")
PAGES = PAGES or ["index.html"]
# These are read in each combination; the others are opened narrow and dark, then made wide and light.
MAIN = {"index.html", "gallery.html"}
LOOKS = [(DESK, "light"), (PHONE, "dark"), (DESK, "dark"), (PHONE, "light")]


def site_page(name):
    if not (SITE / name).is_file():
        pytest.fail(f"Expected {SITE / name}. Found none. Build it: make docs", pytrace=False)
    return SITE / name


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(PAGES) - MAIN))
def test_pages_are_silent_and_fit(visit, name):
    with visit(PHONE, "dark") as watched:
        page = watched.open(site_page(name))
        assert watched.overflow() is None
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": DESK, "height": 900})
        wait_until(page, "document.scrollingElement.scrollWidth <= innerWidth")  # the header moves for a while


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("name", sorted(MAIN))
def test_pages_with_figures_are_silent_and_fit_to_their_end(visit, name, width, scheme):
    with visit(width, scheme) as watched:
        page = watched.open(site_page(name))
        watched.read()
        page.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached")
        page.wait_for_timeout(200)


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_search_finds(visit, width):
    with visit(width) as watched:
        page = watched.open(site_page("index.html"))
        page.keyboard.press("/")  # the theme's key; its button differs between widths
        page.locator("input.md-search__input").wait_for()
        page.keyboard.type("tversky")
        found = page.locator(".md-search-result__link")
        found.first.wait_for(timeout=20_000)
        assert any("tversky" in text.lower() for text in found.all_text_contents())
        target = found.first.get_attribute("href")
        assert Path(page.evaluate("(href) => new URL(href, location).pathname", target)).is_file()


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("name", ["overlay", "training_history"])
def test_a_thumbnail_leads_to_its_figure(visit, name, width):
    with visit(width) as watched:
        page = watched.open(site_page("gallery.html"))
        page.locator(f".thumbnails a[href='#{name}']").click()
        wait_until(page, f"document.querySelector('#{name}').getBoundingClientRect().top < 200")
        page.wait_for_timeout(1000)  # figures above are drawn in the meantime, lower than the room kept for them
        assert 0 <= page.locator(f"#{name}").bounding_box()["y"] <= 150
