"""Every page in a real browser, light and dark, from a telephone to a wall: pictures of it in tests/shots, no barrier, no complaint.

The estate is laid once for all of these tests, which change nothing of it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, FloatRect, Page
from pytest_django.live_server_helper import LiveServer
from pytest_django.plugin import DjangoDbBlocker

from tests.browsing import log_in
from tests.gallery import Gallery, lay_gallery

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("gallery"),
    pytest.mark.django_db(transaction=True),
]

SHOTS = Path(__file__).resolve().parent / "shots"
AXE = Path(__file__).resolve().parent / "vendor" / "axe-core" / "axe.min.js"
WIDTHS = (360, 1280, 2560)
TALLEST = 5_000  # what of a page is taken into a picture
MOST_PRESSED = 60
STOPS_OF_A_DATE = 4  # a field for a date holds the focus so often
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = [
    "index", "hub", "hub-past", "hub-empty", "hub-unknown", "hub-hostile", "node", "node-unreachable", "repo",
    "repo-hostile", "findings", "findings-none", "finding", "runs", "run", "messages", "message", "message-hostile",
    "confirm", "tokens", "api-docs", "not-found", "login",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _django_db_helper() -> None:
    """In place of pytest-django's: no test here clears the database behind it."""


@pytest.fixture(scope="module")
def gallery(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Gallery]:
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)
        yield lay_gallery(timezone.now())
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def server(gallery: Gallery) -> Iterator[LiveServer]:
    server = LiveServer("127.0.0.1")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def contexts(browser: Browser, server: LiveServer) -> Iterator[dict[str, BrowserContext]]:
    """A browser for each theme, logged in, and one that is not."""
    made: dict[str, BrowserContext] = {}
    themes: list[Literal["light", "dark"]] = ["light", "dark"]
    for theme in themes:
        made[f"{theme} anonymous"] = browser.new_context(color_scheme=theme)
        made[theme] = browser.new_context(color_scheme=theme)
        log_in(made[theme], server, name=f"{theme} ada")
    yield made
    for context in made.values():
        context.close()


@pytest.fixture
def show(
    contexts: dict[str, BrowserContext], gallery: Gallery, server: LiveServer
) -> Iterator[Any]:
    """Open a page of the gallery in a theme; whatever it complains of fails the test."""
    complaints: list[str] = []
    opened: list[Page] = []

    def show(name: str, theme: str = "light", width: int = 1280) -> Page:
        page = contexts[f"{theme} anonymous" if name == "login" else theme].new_page()
        opened.append(page)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text))
        page.on("dialog", lambda dialog: complaints.append(f"a text ran: {dialog.message}"))
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(server.url + address(gallery, name), wait_until="networkidle")
        return page

    yield show
    for page in opened:
        page.close()
    expected = "the server responded with a status of 404"
    assert [one for one in complaints if expected not in one] == []


def address(gallery: Gallery, name: str) -> str:
    return "/login/" if name == "login" else gallery.addresses()[name]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_every_screen(show: Any, name: str, theme: str) -> None:
    page = show(name, theme)
    page.evaluate(LOAD_PICTURES)
    SHOTS.mkdir(exist_ok=True)
    too_wide = []

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
        clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height}
        page.screenshot(path=SHOTS / f"{name}-{theme}-{width}.png", full_page=True, clip=clip)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            too_wide.append(width)

    assert too_wide == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_barrier(show: Any, name: str, theme: str, width: int) -> None:
    page = show(name, theme, width)
    page.evaluate(AXE.read_text())

    found = page.evaluate(
        "(tags) => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", RULES
    )

    assert [_barrier(one) for one in found["violations"]] == []


def _barrier(violation: dict[str, Any]) -> str:
    where = [
        f"{node['target']} {node.get('failureSummary', '')}" for node in violation["nodes"][:4]
    ]
    return f"{violation['id']}: {violation['help']}: {where}"


@pytest.mark.parametrize("name", PAGES)
def test_the_keyboard_reaches_all_that_can_be_pressed(show: Any, name: str) -> None:
    page = show(name)
    pressable = min(page.evaluate(PRESSABLE), MOST_PRESSED)

    reached = {page.evaluate(HERE)}
    for _ in range(pressable + STOPS_OF_A_DATE * page.locator("input[type=date]").count() + 1):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(HERE))

    assert len(reached) >= pressable


# Those below the fold as well, which wait to be scrolled to.
LOAD_PICTURES = """() => Promise.all([...document.images].map((one) => {
  one.loading = 'eager';
  return one.decode().catch(() => {});
}))"""

# What ought to be reached: not what is hidden, and of a group that the arrows move in only one.
PRESSABLE = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter((one) =>
  one.type !== 'hidden' && !one.disabled && one.tabIndex >= 0 && one.checkVisibility({visibilityProperty: true})).length"""
HERE = """() => {
  const here = document.activeElement;
  window.seen ??= new Map();
  if (!window.seen.has(here)) window.seen.set(here, window.seen.size);
  return window.seen.get(here);
}"""
