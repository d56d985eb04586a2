"""The stock chart in a real browser: opened on demand, moved, zoomed, read, isolated, scaled, saved; what fails is said."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Download, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from hubs.models import Maintenance, Replica, Repo
from hubs.names import to_text
from probes.models import TarballSnapshot
from tests import browsing
from tests.browsing import log_in
from tests.estate import DAY, HOUR, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import open_finding
from tests.months import sum_up
from tests.test_browser_gallery import AXE, RULES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOSTILE = to_text(b"=<img src=x onerror=alert(1)>\xe2\x80\xae,\"'")
URL = "/hubs/Z9:hub/vault/"
DAYS = 700  # more than a line has points
WINDOW = "(document.querySelector('.chart').replicaChart.window)"
CHART = "document.querySelector('.chart').replicaChart"


@pytest.fixture
def vault() -> Replica:
    """A replica of 700 days of two repos, one with a truncated tarball, a finding about it, and what was planned."""
    now = timezone.now()
    hub = make_hub("Z9:hub", "Asia/Taipei", expected_per_day=2)
    vault = make_replica(hub, "vault")
    for name, size_bytes in (("tracs/env", 1_000_000), (f"svn/{HOSTILE}", 3_000)):
        stamps = [now - number * DAY - HOUR for number in reversed(range(DAYS))]
        tarballs = lay_snapshots(vault, name, stamps, size_bytes=size_bytes)
        TarballSnapshot.objects.filter(pk=tarballs[-5].pk).update(size_bytes=12)
    lost = TarballSnapshot.objects.filter(pk__in=[one.pk for one in tarballs[:3]])
    lost.update(gone_at=now - 8 * DAY)
    sum_up(vault)
    make_run(vault, now)
    open_finding(
        hub,
        replica=vault,
        repo=Repo.objects.get(name="env"),
        stamp_at=now - 4 * DAY - HOUR,
        opened_at=now - 4 * DAY,
        message="12 B where 1 MB were expected",
    )
    Maintenance.objects.create(
        hub=hub, starts_at=now - 12 * DAY, ends_at=now - 10 * DAY, reason="moving house"
    )
    return vault


@pytest.fixture
def chart(page: Page, vault: Replica, live_server: LiveServer) -> Locator:
    """The chart of that replica, opened, with its whole history."""
    log_in(page, live_server)
    page.goto(live_server.url + URL)
    return opened(page)


def opened(page: Page) -> Locator:
    """Ask for the first chart of a page; wait until it is drawn and knows its whole history."""
    chart = page.locator(".chart").first
    chart.get_by_role("button", name="Interactive chart").click()
    expect(chart).to_have_class(re.compile("is-live"))
    until(page, "chart.history.hasWhole")
    return chart


def panes(chart: Locator) -> Locator:
    return chart.locator(".chart-panes")


def window_days(page: Page) -> float:
    """Return how many days the panes show."""
    ms: float = page.evaluate(f"{WINDOW}.max - {WINDOW}.min")
    return ms / DAY.total_seconds() / 1000


def window_end(page: Page) -> float:
    end: float = page.evaluate(f"{WINDOW}.max")
    return end


def until(page: Page, condition: str, argument: Any = None) -> None:
    """Wait until a condition on the chart, which it has as `chart`, is so."""
    text = f"(given) => {{ const chart = {CHART}; return chart && {condition}; }}"
    browsing.until(page, text, argument)


def choose(chart: Locator, name: str) -> None:
    """Press a range and wait until it is shown."""
    link = chart.get_by_role("link", name=name, exact=True)
    link.click()
    expect(link).to_have_attribute("aria-current", "true")


def saved(chart: Locator, name: str) -> Download:
    """Press a button that saves a file; return that."""
    with chart.page.expect_download() as download:
        chart.get_by_role("button", name=name, exact=True).click()
    return download.value


# --- On demand ---------------------------------------------------------------------------------


def test_nothing_of_the_chart_is_loaded_before_it_is_asked_for(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))

    page.goto(live_server.url + URL, wait_until="networkidle")

    assert not [path for path in asked if "chart.umd" in path or path.endswith("/series/")]
    assert [path for path in asked if "/chart/" in path] == ["/static/dashboard/chart/main.js"]


@pytest.mark.parametrize("width", [360, 1280])
def test_opening_it_moves_nothing_that_follows(
    page: Page, vault: Replica, live_server: LiveServer, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, live_server)
    page.goto(live_server.url + URL, wait_until="networkidle")
    after = page.locator(".chart + *, .panel:has(.chart) + *").first
    before = after.bounding_box()
    scrolled = page.evaluate("scrollY")

    opened(page)

    now = after.bounding_box()
    assert before
    assert now
    moved = now["y"] + page.evaluate("scrollY") - before["y"] - scrolled
    assert abs(moved) < 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_picture_opens_it_too(page: Page, vault: Replica, live_server: LiveServer) -> None:
    log_in(page, live_server)
    page.goto(live_server.url + URL)

    page.locator(".chart-picture").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".chart-panes")).to_be_focused()


def test_the_picture_can_be_had_back(chart: Locator) -> None:
    chart.get_by_role("button", name="Picture").click()

    expect(chart.locator(".chart-picture")).to_be_visible()
    expect(chart.get_by_role("button", name="Interactive chart")).to_be_focused()
    chart.get_by_role("link", name="3m", exact=True).click()
    expect(chart.locator(".chart-picture img")).to_have_attribute("src", re.compile("range=3m"))


def test_it_has_both_panes_and_what_is_expected(chart: Locator) -> None:
    for key in ("tracs/env", f"svn/{HOSTILE}", "tarballs a day", "expected: 4 a day"):
        expect(chart.locator(".chart-line-name").get_by_text(key, exact=True)).to_be_visible()


def test_hostile_names_are_only_text(chart: Locator) -> None:
    panes(chart).hover(position={"x": 400, "y": 200})

    expect(chart.locator(".chart-tip")).to_contain_text(f"svn/{HOSTILE}")
    assert chart.locator(".chart-live img").count() == 0


# --- Windows -----------------------------------------------------------------------------------


def test_thirty_days_come_first(page: Page, chart: Locator) -> None:
    assert round(window_days(page)) == 31


@pytest.mark.parametrize(("name", "days"), [("3m", 92), ("6m", 183), ("1y", 366), ("All", DAYS)])
def test_a_range_changes_the_chart_and_the_address(
    page: Page, chart: Locator, name: str, days: int
) -> None:
    choose(chart, name)

    assert round(window_days(page)) == pytest.approx(days, abs=1)
    assert parse_qs(urlsplit(page.url).query)["range"] == [name.lower()]


def test_going_back_brings_the_former_range(page: Page, chart: Locator) -> None:
    choose(chart, "3m")
    choose(chart, "1y")

    page.go_back()
    until(page, "chart.range === '3m'")
    page.go_back()

    until(page, "chart.range === '1m'")
    assert round(window_days(page)) == 31


def test_a_wheel_zooms_about_the_pointer_and_asks_for_finer_numbers(
    page: Page, chart: Locator
) -> None:
    choose(chart, "All")
    panes(chart).hover(position={"x": 500, "y": 200})
    about = page.evaluate(f"{CHART}.moment.at")
    page.mouse.wheel(0, 0)
    panes(chart).focus()

    with page.expect_request(lambda request: "begin=" in request.url) as asked:
        page.mouse.wheel(0, -1200)

    begin, end = (
        int(parse_qs(urlsplit(asked.value.url).query)[name][0]) for name in ("begin", "end")
    )
    assert begin <= about <= end
    assert window_days(page) < DAYS / 4
    until(page, "!chart.history.isThinned(chart.window.min, chart.window.max)")


def test_a_wheel_that_only_passes_moves_the_page(page: Page, chart: Locator) -> None:
    page.evaluate("document.activeElement.blur()")
    panes(chart).hover(position={"x": 500, "y": 200})

    page.mouse.wheel(0, -300)

    expect(chart.locator(".chart-note")).to_contain_text("hold Ctrl")
    assert round(window_days(page)) == 31


def test_a_finer_answer_that_is_overtaken_is_given_up(page: Page, chart: Locator) -> None:
    hanging: list[Route] = []
    page.route(
        "**/series/*begin=*",
        lambda route: route.continue_() if hanging else hanging.append(route),
    )
    choose(chart, "All")
    with page.expect_request(lambda request: "begin=" in request.url):
        page.evaluate(f"{CHART}.zoom(0.2, {WINDOW}.max)")
    page.evaluate(f"window.overtaken = {CHART}.asking; 1")

    page.evaluate(f"{CHART}.zoom(0.5, {WINDOW}.max)")

    until(page, "!chart.history.isThinned(chart.window.min, chart.window.max)")
    assert page.evaluate("window.overtaken.signal.aborted")


def test_dragging_pans(page: Page, chart: Locator) -> None:
    end = window_end(page)
    box = panes(chart).bounding_box()
    assert box

    page.mouse.move(box["x"] + 300, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 700, box["y"] + 150, steps=5)
    page.mouse.up()

    until(page, "chart.window.max < given", end - 5 * DAY.total_seconds() * 1000)
    assert round(window_days(page)) == 31


def test_two_fingers_zoom(page: Page, chart: Locator) -> None:
    pinch = """(spread) => {
      const stage = document.querySelector('.chart-panes');
      const { left, top } = stage.getBoundingClientRect();
      stage.setPointerCapture = () => {};
      const touch = (type, pointerId, x) => stage.dispatchEvent(new PointerEvent(type, {
        pointerId, pointerType: 'touch', button: 0, clientX: left + x, clientY: top + 100, bubbles: true }));
      touch('pointerdown', 11, 400); touch('pointerdown', 12, 500);
      touch('pointermove', 11, 400 - spread); touch('pointermove', 12, 500 + spread);
      touch('pointerup', 11, 400 - spread); touch('pointerup', 12, 500 + spread);
    }"""

    page.evaluate(pinch, 100)

    assert window_days(page) == pytest.approx(31 / 3, rel=0.3)


def test_the_window_of_the_strip_can_be_dragged(page: Page, chart: Locator) -> None:
    choose(chart, "3m")
    end = window_end(page)
    chart.locator(".chart-strip").scroll_into_view_if_needed()
    grip = chart.locator(".chart-window").bounding_box()
    assert grip

    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + 10)
    page.mouse.down()
    page.mouse.move(grip["x"] + grip["width"] / 2 - 200, grip["y"] + 10, steps=5)
    page.mouse.up()

    until(page, "chart.window.max < given", end - 30 * DAY.total_seconds() * 1000)
    assert round(window_days(page)) == 92
    expect(chart.locator("a[aria-current]")).to_have_count(0)


def test_a_handle_of_the_strip_can_be_dragged(page: Page, chart: Locator) -> None:
    end = window_end(page)
    chart.locator(".chart-strip").scroll_into_view_if_needed()
    handle = chart.get_by_role("slider", name="Begin of the window").bounding_box()
    assert handle

    page.mouse.move(handle["x"] + 12, handle["y"] + 20)
    page.mouse.down()
    page.mouse.move(handle["x"] - 200, handle["y"] + 20, steps=5)
    page.mouse.up()

    assert window_days(page) > 60
    assert window_end(page) == end


@pytest.mark.parametrize(
    ("name", "key", "is_longer"),
    [("Begin of the window", "ArrowLeft", True), ("End of the window", "ArrowLeft", False)],
)
def test_keys_move_a_handle(
    page: Page, chart: Locator, name: str, key: str, is_longer: bool
) -> None:
    before = window_days(page)
    handle = chart.get_by_role("slider", name=name)
    handle.focus()
    said = handle.get_attribute("aria-valuetext")

    page.keyboard.press(key)

    expect(handle).not_to_have_attribute("aria-valuetext", said or "")
    assert (window_days(page) > before) is is_longer


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("ArrowLeft", "chart.window.max < given.max"),
        ("+", "chart.window.max - chart.window.min < given.max - given.min"),
        ("-", "chart.window.max - chart.window.min > given.max - given.min"),
        ("Home", "chart.window.min === chart.history.extent.min"),
    ],
)
def test_keys_move_the_window(page: Page, chart: Locator, key: str, changed: str) -> None:
    before = page.evaluate(WINDOW)
    panes(chart).focus()

    page.keyboard.press(key)

    until(page, changed, before)


@pytest.mark.parametrize("way", ["Escape", "double click"])
def test_it_can_be_brought_back_to_the_range(page: Page, chart: Locator, way: str) -> None:
    panes(chart).focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    assert round(window_days(page)) < 31

    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        panes(chart).dblclick(position={"x": 400, "y": 200})

    until(page, "chart.range === '1m'")
    assert round(window_days(page)) == 31


# --- Reading -----------------------------------------------------------------------------------


def test_hovering_tells_exact_sizes_and_both_clocks(chart: Locator) -> None:
    panes(chart).hover(position={"x": 300, "y": 120})

    tip = chart.locator(".chart-tip")
    for text in ("1,000,000 B", "3,000 B", "UTC", "Asia/Taipei", "2 tarballs that day, 4 expected"):
        expect(tip).to_contain_text(text)


def test_keys_read_one_tarball_after_the_other(page: Page, chart: Locator) -> None:
    panes(chart).focus()
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")

    note = chart.get_by_role("status")
    expect(note).to_contain_text("tracs/env 12 bytes")
    page.keyboard.press("Shift+ArrowRight")
    expect(note).to_contain_text("tracs/env 1,000,000 bytes")


def test_purges_and_what_was_planned_are_told_where_they_were(page: Page, chart: Locator) -> None:
    note = chart.locator(".chart-note")
    expect(note).to_contain_text("moving house")
    expect(note).to_contain_text("tarballs went")

    for back, text in ((8, "3 tarballs gone"), (11, "Planned: moving house")):
        x = page.evaluate(f"{CHART}.panes.x.getPixelForValue(Date.now() - {back} * 86400000)")
        panes(chart).hover(position={"x": x, "y": 120})
        expect(chart.locator(".chart-tip")).to_contain_text(text)


def test_a_finding_is_marked_and_leads_to_its_page(page: Page, chart: Locator) -> None:
    mark = chart.locator(".chart-finding")
    mark.hover()
    expect(chart.locator(".chart-tip")).to_contain_text("12 B where 1 MB were expected")

    mark.click()

    expect(page).to_have_url(re.compile(r"/findings/\d+/$"))


def test_a_finding_is_named_for_who_cannot_see_it(chart: Locator) -> None:
    mark = chart.get_by_role("group", name="Findings in this window").get_by_role("link")

    expect(mark).to_have_accessible_name(re.compile("^alarm: shrunk, tracs/env, "))
    expect(mark).to_have_class(re.compile("is-alarm"))


# --- Lines -------------------------------------------------------------------------------------


def key(chart: Locator, name: str) -> Locator:
    return chart.locator(".chart-line > button:first-child").filter(has_text=name)


def shown(page: Page) -> list[str]:
    lines: list[str] = page.evaluate(f"{CHART}.panes.shown.map((line) => line.label)")
    return lines


def test_a_press_hides_a_line_also_in_another_range(page: Page, chart: Locator) -> None:
    key(chart, "tracs/env").click()
    expect(key(chart, "tracs/env")).to_have_attribute("aria-pressed", "false")

    choose(chart, "6m")

    assert shown(page) == [f"svn/{HOSTILE}"]


@pytest.mark.parametrize("way", ["only", "double click", "key"])
def test_a_line_can_be_isolated(page: Page, chart: Locator, way: str) -> None:
    if way == "only":
        chart.get_by_role("button", name="Only tracs/env").click(force=True)
    elif way == "double click":
        key(chart, "tracs/env").dblclick()
    else:
        key(chart, "tracs/env").focus()
        page.keyboard.press("o")

    assert shown(page) == ["tracs/env"]
    chart.get_by_role("button", name="Show all").click()
    assert len(shown(page)) == 2


def test_the_list_is_one_stop_and_arrows_walk_in_it(page: Page, chart: Locator) -> None:
    stops = chart.locator(".chart-lines button[tabindex='0']")
    expect(stops).to_have_count(1)
    stops.focus()

    page.keyboard.press("ArrowDown")

    expect(key(chart, "tracs/env")).to_be_focused()


def test_many_lines_can_be_filtered(page: Page, vault: Replica, live_server: LiveServer) -> None:
    for number in range(12):
        lay_snapshots(vault, f"git/repo{number}", [timezone.now() - 2 * DAY])
    vault.months.all().delete()
    sum_up(vault)
    log_in(page, live_server)
    page.goto(live_server.url + URL)
    chart = opened(page)

    chart.get_by_role("searchbox").fill("TRACS")
    expect(chart.locator(".chart-line:visible:not(.is-other)")).to_have_count(1)
    page.keyboard.press("Enter")

    assert shown(page) == ["tracs/env"]


@pytest.mark.parametrize(
    ("button", "kind", "text"),
    [("Log", "logarithmic", "ten times"), ("100 %", "linear", "Normalised")],
)
def test_the_scale_can_be_chosen(
    page: Page, chart: Locator, button: str, kind: str, text: str
) -> None:
    chart.get_by_role("button", name=button, exact=True).click()

    assert page.evaluate(f"{CHART}.chart.scales.size.type") == kind
    expect(chart.locator(".chart-note")).to_contain_text(text)


def test_normalised_lines_are_whole_at_the_first_of_the_window(page: Page, chart: Locator) -> None:
    chart.get_by_role("button", name="100 %").click()

    heights = page.evaluate(
        f"{CHART}.panes.lines.map((line) => line.data.find((point) => point.x >= {WINDOW}.min).y)"
    )
    assert heights == [100, 100]


def test_its_colours_follow_the_scheme(page: Page, chart: Locator) -> None:
    page.emulate_media(color_scheme="light")
    colour = f"{CHART}.panes.lines[0].borderColor"
    until(page, "getComputedStyle(chart.parts.live).backgroundColor === 'rgb(255, 255, 255)'")
    light = page.evaluate(colour)

    page.emulate_media(color_scheme="dark")

    until(page, "chart.panes.lines[0].borderColor !== given", light)
    assert page.evaluate(f"{CHART}.chart.options.scales.x.ticks.color") == "#a0abbc"


# --- Files -------------------------------------------------------------------------------------


def test_the_numbers_shown_can_be_saved(chart: Locator) -> None:
    download = saved(chart, "CSV")

    text = Path(download.path()).read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    sizes = [row for row in rows if row["what"] == "size_bytes"]
    assert download.suggested_filename.endswith(".csv")
    assert {row["line"] for row in sizes} == {"tracs/env", f"svn/{HOSTILE}"}
    assert [row["value"] for row in sizes].count("12") == 2
    assert len(sizes) == pytest.approx(62, abs=2)
    assert [row["at_utc"] for row in rows] == sorted(row["at_utc"] for row in rows)


def test_a_saved_table_holds_no_formula(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    Repo.objects.filter(name="env").update(category="=cmd()", name="+1")
    log_in(page, live_server)
    page.goto(live_server.url + URL)

    text = Path(saved(opened(page), "CSV").path()).read_text()

    assert ",'=cmd()/+1," in text


def test_what_is_shown_can_be_saved_as_a_picture(page: Page, chart: Locator) -> None:
    download = saved(chart, "PNG")

    data = Path(download.path()).read_bytes()
    width, height = (int.from_bytes(data[place : place + 4], "big") for place in (16, 20))
    drawn = page.evaluate(f"[{CHART}.chart.canvas.width, {CHART}.chart.canvas.height]")
    assert data.startswith(b"\x89PNG")
    assert download.suggested_filename.endswith(".png")
    assert (width > drawn[0], height > drawn[1] + 40) == (True, True)


def test_paper_has_dark_lines_on_white_and_their_names(page: Page, chart: Locator) -> None:
    page.emulate_media(color_scheme="dark")
    until(page, "chart.panes.colours.surface !== '#ffffff'")

    page.emulate_media(color_scheme="dark", media="print")

    until(page, "chart.panes.colours.surface === '#ffffff'")
    expect(key(chart, "tracs/env")).to_be_visible()
    expect(chart.get_by_role("button", name="PNG")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
def test_it_has_no_barrier(page: Page, chart: Locator, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    panes(chart).hover(position={"x": 200, "y": 100})
    page.evaluate(AXE.read_text())

    found = page.evaluate(
        "(tags) => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", RULES
    )

    assert [
        (one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]
    ] == []


# --- What goes wrong -----------------------------------------------------------------------------


@pytest.fixture
def failing(browser: Browser, vault: Replica, live_server: LiveServer) -> Iterator[Page]:
    """The page of that replica, where what fails is no complaint."""
    page = browser.new_page()
    log_in(page, live_server)
    page.goto(live_server.url + URL)
    yield page
    page.close()


@pytest.mark.parametrize("what", ["**/series/*", "**/chart.umd.min.js", "**/replica-chart.js"])
def test_where_it_cannot_be_loaded_the_picture_stays(failing: Page, what: str) -> None:
    failing.route(what, lambda route: route.abort())

    failing.get_by_role("button", name="Interactive chart").click()

    expect(failing.locator(".chart-note")).to_contain_text("could not be loaded")
    expect(failing.locator(".chart-picture")).to_be_visible()
    failing.unroute(what)
    if "replica-chart" not in what:  # a browser remembers a module that it could not fetch
        opened(failing)


def test_a_server_that_fails_is_said_until_a_later_try_succeeds(failing: Page) -> None:
    chart = opened(failing)
    choose(chart, "All")
    failing.route("**/series/*", lambda route: route.fulfill(status=500))
    failing.evaluate(f"{CHART}.zoom(0.1, {WINDOW}.min)")
    note = failing.locator(".chart-note")
    expect(note).to_contain_text("the server answered 500")
    chart.get_by_role("button", name="Log").click()
    expect(note).to_contain_text("the server answered 500")

    failing.unroute("**/series/*")
    note.get_by_role("button", name="Try again").click()

    expect(note).to_contain_text("Every tarball is shown")


def test_it_says_that_the_session_ended(failing: Page) -> None:
    failing.context.clear_cookies()

    failing.get_by_role("button", name="Interactive chart").click()

    note = failing.locator(".chart-note")
    expect(note).to_contain_text("You are logged out.")
    expect(note.get_by_role("link", name="Log in")).to_have_attribute(
        "href", "/login/?next=%2Fhubs%2FZ9%3Ahub%2Fvault%2F"
    )


def test_where_nothing_was_ever_seen_it_says_so(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    make_replica(vault.hub, "bare")
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/Z9:hub/bare/")

    page.get_by_role("button", name="Interactive chart").click()

    expect(page.locator(".chart-note")).to_contain_text("no tarball was ever seen here")


def test_without_scripts_ranges_are_links(
    browser: Browser, vault: Replica, live_server: LiveServer
) -> None:
    page = browser.new_page(java_script_enabled=False)
    log_in(page, live_server)
    page.goto(live_server.url + URL)

    page.get_by_role("link", name="3m", exact=True).click()

    expect(page.get_by_role("link", name="3m", exact=True)).to_have_attribute(
        "aria-current", "true"
    )
    expect(page.locator(".chart-picture")).to_be_visible()
    expect(page.get_by_role("button", name="Interactive chart")).to_be_hidden()
    page.close()


# --- A repo on every node --------------------------------------------------------------------------


def test_a_repo_has_a_line_for_each_node(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    mirror = make_replica(vault.hub, "mirror", "copy")
    lay_snapshots(mirror, "tracs/env", [timezone.now() - timedelta(days=2)], size_bytes=999)
    sum_up(mirror)
    log_in(page, live_server)
    page.goto(f"{live_server.url}/repos/Z9:hub/tracs/env/")

    opened(page)

    assert sorted(shown(page)) == ["mirror", "vault"]
