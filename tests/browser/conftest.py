"""Chromium, and pages that are watched: what they say to the console, and what they ask of the network."""

import contextlib
import os
import shutil

import pytest

from tests.browser.every_kind import write_every_kind

PHONE, DESK = 390, 1280
# Chromium says this of WebGL without a graphics card, not of the page.
FROM_THE_DRIVER = "GL Driver Message"


@pytest.fixture(scope="session")
def chromium():
    """Yield a headless Chromium, the system's own."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.fail("Expected Chromium. Found none. Install it: apt-get install chromium", pytrace=False)
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        pytest.fail('Expected Playwright. Found none. Install it: pip install -e ".[browser]"', pytrace=False)
    # The sandbox cannot start for root, as whom containers run; the pages are our own.
    arguments = ["--disable-gpu"] + ["--no-sandbox"] * (os.geteuid() == 0)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def wait_until(page, condition, arg=None):
    """Ask every tenth of a second until a condition holds; by frames, a page without changes might never be asked."""
    page.wait_for_function(condition, arg=arg, polling=100)


class Watched:
    """A page, and what went wrong in it."""

    def __init__(self, page):
        self.page = page
        self.wrong = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._asked)
        page.on("dialog", self._opened)

    def _said(self, message):
        if message.type in ("warning", "error") and FROM_THE_DRIVER not in message.text:
            self.wrong.append(f"{message.type}: {message.text}")

    def _asked(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(f"request: {request.url}")

    def _opened(self, dialog):
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path):
        """Open a file."""
        self.page.goto(path.resolve().as_uri())
        return self.page

    def read(self):
        """Scroll through the page as a reader does, and wait for its figures."""
        self.page.evaluate(
            """async () => {
                // A page that draws nothing has no frames: then half a second stands for one.
                const frame = () => new Promise((done) => {
                    requestAnimationFrame(() => setTimeout(done));
                    setTimeout(done, 500);
                });
                for (let y = 0; y < document.scrollingElement.scrollHeight; y += 700) {
                    scrollTo({ top: y, behavior: "instant" });
                    await frame();
                }
            }"""
        )

    def overflow(self):
        """Return by how many pixels the page is wider than the screen, and what sticks out, the widest first."""
        return self.page.evaluate(
            """() => {
                const over = document.scrollingElement.scrollWidth - innerWidth;
                if (over <= 0) return null;
                const wide = Array.from(document.querySelectorAll("body *"))
                    .map((element) => [element.getBoundingClientRect().right, element])
                    .filter(([right]) => right > innerWidth).sort((a, b) => b[0] - a[0]);
                return [over, ...wide.slice(0, 3).map(([, element]) => element.outerHTML.slice(0, 120))];
            }"""
        )


@pytest.fixture(scope="session")
def visit(chromium):
    """Return a context manager of a watched page, which fails at its end if anything went wrong."""

    @contextlib.contextmanager
    def visited(width=DESK, scheme="light", *, prepare=""):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        context.set_default_timeout(60_000)
        if prepare:
            context.add_init_script(prepare)
        watched = Watched(context.new_page())
        try:
            yield watched
            watched.page.wait_for_timeout(50)  # what was said last
            assert watched.wrong == []
            assert watched.overflow() is None
        finally:
            context.close()

    return visited


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Return a report with every kind of block."""
    return write_every_kind(tmp_path_factory.mktemp("report") / "r&d <1>.html")
