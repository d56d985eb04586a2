"""Mails in a real browser: they fit a telephone, can be read in both themes with and without their sheet, and run nothing."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from alerts.message import Cell, Facts, Message, Table, Verbatim
from alerts.rendering import html_of
from tests.messages import (
    CHANGE,
    LONG_NAME,
    MESSAGES,
    REASSURANCE,
    hostile_message,
    message_of_many,
    parcel_of,
)

pytestmark = pytest.mark.browser

WIDE_TABLE = Table(
    "Wide", ("a-heading-of-22-letters",) * 7, ((Cell("2026-11-20 " + "x" * 30),) * 7,)
)
SHOWN = {
    **MESSAGES,
    "hostile": hostile_message(),
    "long": hostile_message(LONG_NAME),
    "wide": replace(CHANGE, blocks=(WIDE_TABLE, Facts("", (("n" * 60, "v" * 600),)))),
    "printed": replace(CHANGE, blocks=(Verbatim("Printed", "x" * 3_000),)),
}
each_shown = pytest.mark.parametrize("message", SHOWN.values(), ids=SHOWN.keys())
# Every text that can be seen, with the contrast between it and the nearest colour behind it.
CONTRASTS = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => channels(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const told = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.getClientRects().length) continue;
    const pair = [getComputedStyle(element).color, behind(element)].map(luminance).sort((a, b) => b - a);
    told.push([(pair[0] + 0.05) / (pair[1] + 0.05), texts.currentNode.data.trim()]);
  }
  return told;
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that asks for nothing, save the pictures that are in the mail itself, and runs nothing."""
    complaints: list[str] = []
    page = browser.new_page()
    page.on("dialog", lambda dialog: complaints.append(f"a name ran: {dialog.message}"))
    page.on("request", lambda request: complaints.append(f"it asked for {request.url}"))
    yield page
    page.close()
    assert [each for each in complaints if not each.startswith("it asked for cid:")] == []


def show(page: Page, message: Message, *, sheet: bool = True, width: int = 640) -> None:
    """Open a mail as a program does that keeps its sheet, or drops it."""
    html = html_of(parcel_of(message))
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(html if sheet else re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))


@each_shown
@pytest.mark.parametrize("sheet", [True, False], ids=["sheet", "no-sheet"])
def test_a_mail_is_no_wider_than_the_screen(page: Page, message: Message, sheet: bool) -> None:
    for width in (360, 640, 1280):
        show(page, message, sheet=sheet, width=width)

        assert page.evaluate("document.documentElement.scrollWidth") <= width


@each_shown
@pytest.mark.parametrize("theme", ["light", "dark", "dark without sheet"])
def test_every_word_can_be_read(page: Page, message: Message, theme: str) -> None:
    page.emulate_media(color_scheme="light" if theme == "light" else "dark")
    show(page, message, sheet=theme != "dark without sheet")

    contrasts = page.evaluate(CONTRASTS)

    assert len(contrasts) > 5
    assert [text for contrast, text in contrasts if contrast < 4.5] == []


def test_the_themes_differ(page: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    show(page, CHANGE)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(background)

    page.emulate_media(color_scheme="dark")

    assert page.evaluate(background) != light


def test_a_hostile_message_makes_nothing(page: Page) -> None:
    show(page, hostile_message())

    page.wait_for_load_state("networkidle")

    assert page.locator("script, svg, iframe, [onerror], [onload]").count() == 0
    assert page.locator("img").count() == 1
    assert page.locator("a[href^=javascript]").count() == 0


def test_the_conclusion_comes_first(page: Page) -> None:
    show(page, CHANGE)

    seen = page.locator("body").inner_text().replace("\xa0", " ").splitlines()

    assert list(filter(str.strip, seen))[1:3] == ["■ alarm", CHANGE.conclusion]


def test_a_state_is_told_by_a_word_and_a_shape(page: Page) -> None:
    show(page, REASSURANCE)

    cells = page.locator(".rows td:nth-child(2)")

    assert [text.replace("\xa0", " ") for text in cells.all_inner_texts()] == [
        "■ alarm",
        "● ok",
        "● ok",
        "● ok",
    ]


def test_on_a_telephone_each_cell_has_its_heading_beside_it(page: Page) -> None:
    show(page, REASSURANCE, width=360)

    label = page.get_by_text("5.12 GB, +2.3%").evaluate(
        "(one) => getComputedStyle(one, '::before').content"
    )
    assert "growth in a week" in label
    expect(page.get_by_role("columnheader", name="Proved")).to_be_hidden()


def test_a_day_is_never_broken(page: Page) -> None:
    show(page, REASSURANCE, width=360)
    days = "[...document.querySelectorAll('span')].filter((one) => /^\\d{4}-\\d\\d-\\d\\d$/.test(one.textContent))"

    lines = page.evaluate(f"{days}.map((day) => day.getClientRects().length)")

    assert set(lines) == {1}


def test_a_mail_of_many_entries_shows_the_first_and_counts_the_others(page: Page) -> None:
    show(page, message_of_many(500))

    expect(page.get_by_text("new alarm 29")).to_be_visible()
    expect(page.get_by_text("470 more are not shown here.")).to_be_visible()
