"""The site that `make docs` built, opened from its files."""

from pathlib import Path

import pytest

from tests.browser.conftest import DESK, PHONE

pytestmark = pytest.mark.browser

SITE = Path(__file__).parents[2] / "site"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html")) or ["index.html"]
# These are opened in each combination; the others once wide and light, once narrow and dark.
MAIN = {"index.html", "gallery.html", "gallery/index.html"}
LOOKS = [(DESK, "light"), (PHONE, "dark"), (DESK, "dark"), (PHONE, "light")]


def site_page(name):
    if not (SITE / name).is_file():
        pytest.fail(f"Expected {SITE / name}. Found none. Build it: make docs", pytrace=False)
    return SITE / name


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_silent_and_fit(visit, name):
    for width, scheme in LOOKS if name in MAIN else LOOKS[:2]:
        with visit(width, scheme) as watched:
            page = watched.open(site_page(name))
            watched.read()
            page.wait_for_timeout(200)
            assert watched.overflow() is None, (width, scheme)


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_search_finds(visit, width):
    with visit(width) as watched:
        page = watched.open(site_page("index.html"))
        if width == PHONE:
            page.locator("label[for=__search]").first.click()
        page.locator("input.md-search__input").click()
        page.keyboard.type("tversky")
        found = page.locator(".md-search-result__link")
        found.first.wait_for()
        assert any("tversky" in text.lower() for text in found.all_text_contents())
        target = found.first.get_attribute("href")
        assert Path(page.evaluate("(href) => new URL(href, location).pathname", target)).is_file()


def test_the_gallery_draws_its_figures(visit):
    galleries = [name for name in PAGES if "gallery" in name]
    if not galleries:
        pytest.fail("Expected a gallery among the pages. Found none. Build it: make docs", pytrace=False)
    for name in galleries:
        with visit() as watched:
            page = watched.open(site_page(name))
            watched.read()
            page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length > 0")
