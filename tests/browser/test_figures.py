"""The figures of a report that has been read to its end once: each test takes it as the one before left it."""

import re

import pytest

from tests.browser.conftest import wait_until
from tests.browser.every_kind import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def opened(report, visit):
    with visit() as watched:
        page = watched.open(report)
        page.evaluate("document.querySelectorAll('main details').forEach((fold) => { fold.open = true; })")
        watched.read()
        drawn = "document.querySelectorAll('.figure.drawn').length"
        wait_until(page, f"{drawn} === document.querySelectorAll('.figure').length")
        yield page


@pytest.fixture
def page(opened):
    opened.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    return opened


def test_names_are_text_everywhere(page):
    assert page.locator("main img, header img, nav img, svg a, main a").count() == 0
    assert page.title() == HOSTILE
    for selector in ("h1", "h2", "nav a", "th button", "td", "summary", "section > p", ".gtitle", ".xtick text"):
        texts = page.locator(selector).all_text_contents()
        assert any(one_line(HOSTILE) in one_line(text) for text in texts), selector
    own = page.locator(".figure").last
    for selector in (".legendtext", ".annotation-text", ".textpoint text", ".g-xtitle", ".g-ytitle"):
        assert one_line(HOSTILE) in one_line(own.locator(selector).first.text_content()), selector


def test_names_are_text_in_what_hovers(page):
    own = page.locator(".figure").last
    own.scroll_into_view_if_needed()
    own.locator(".point").first.hover(force=True)
    assert one_line(HOSTILE) in one_line(own.locator(".hovertext").first.text_content())


def one_line(text):
    """Return a text without the spaces that lines are broken at."""
    return re.sub(r"\s|\u200b", "", text)


def test_sliders_change_what_is_shown(page):
    boxes = page.locator(".figure.drawn:has(.slider-container)").all()
    assert boxes
    for box in boxes:
        for at, rail in enumerate(box.locator(".slider-rail-touch-rect").all()):
            before = box.evaluate(STATE)
            rail.scroll_into_view_if_needed()
            size = rail.bounding_box()
            step = box.evaluate(f"(box) => box._fullLayout.sliders[{at}].active")
            share = 0.05 if step else 0.95
            page.mouse.click(size["x"] + share * size["width"], size["y"] + size["height"] / 2)
            assert box.evaluate(STATE) != before, f"slider {at} of {box.get_attribute('aria-label')}"


def test_arrow_keys_move_sliders(page):
    boxes = page.locator(".figure.drawn:has(.slider-container)").all()
    assert boxes
    for box in boxes:
        active = "(box) => box.layout.sliders[0].active"
        before = box.evaluate(active)
        box.focus()
        page.keyboard.press("ArrowLeft" if before else "ArrowRight")
        assert abs(box.evaluate(active) - before) == 1, box.get_attribute("aria-label")


def test_legends_switch(page):
    boxes = page.locator(".figure.drawn:has(.legendtoggle)").all()
    assert boxes
    for box in boxes:
        before = box.evaluate(STATE)
        toggle = box.locator(".legendtoggle").first
        toggle.scroll_into_view_if_needed()
        toggle.click()
        changed = f"([box, before]) => ({STATE})(box) !== before"  # after the time that a double click may take
        wait_until(page, changed, arg=[box.element_handle(), before])


def test_buttons_switch(page):
    boxes = page.locator(".figure.drawn:has(.updatemenu-button)").all()
    assert boxes
    for box in boxes:
        states = set()
        for button in box.locator(".updatemenu-button").all():
            button.scroll_into_view_if_needed()
            button.click()
            states.add(box.evaluate(STATE))
        assert len(states) > 1, box.get_attribute("aria-label")


# What a slider, a button or a legend may change: data and layout, without the pictures' bytes.
STATE = """(box) => JSON.stringify([box.data, box.layout], (key, value) =>
    typeof value === "string" && value.length > 400 ? value.slice(-400) : value)"""
