"""The matrix in a real browser: evidence by pointer and by keyboard, the slider of days, and all of it without scripts."""

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from hubs.models import Replica
from hubs.names import to_text
from tests import browsing
from tests.estate import DAY, HOUR, lay_snapshots, make_hub, make_replica, make_repo, make_run
from tests.findings import open_finding

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOSTILE = to_text(b"<img src=x onerror=alert(1)>\xe2\x80\xae")
URL = "/hubs/Z9:hub/"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def vault(now: datetime) -> Replica:
    """Three repos on two nodes for forty days; one was overdue a week ago, and is diverged now."""
    hub = make_hub("Z9:hub")
    nodes = [make_replica(hub, "vault"), make_replica(hub, "mirror", "copy")]
    for replica in nodes:
        for number in range(40):
            make_run(replica, now - number * DAY - HOUR)
        for path in ("tracs/env", "svn/one", f"svn/{HOSTILE}"):
            stamps = [now - number * DAY - 2 * HOUR for number in reversed(range(40))]
            lay_snapshots(replica, path, stamps)
    repo = make_repo(hub, "tracs/env")
    open_finding(
        hub, "diverged", replica=nodes[0], repo=repo, opened_at=now - HOUR, message="other bytes"
    )
    open_finding(
        hub,
        "overdue",
        replica=nodes[0],
        repo=repo,
        opened_at=now - 9 * DAY,
        closed_at=now - 5 * DAY,
    )
    return nodes[0]


def log_in(page: Page, server: LiveServer, url: str = URL, *, scripts: bool = True) -> None:
    """Open the hub's page and wait until its matrix answers."""
    browsing.log_in(page, server)
    page.goto(server.url + url)
    expect(page.locator(".matrix-part [role='grid']" if scripts else ".matrix")).to_be_visible()


@pytest.fixture
def matrix(page: Page, vault: Replica, live_server: LiveServer) -> Page:
    """The hub's page, seen by somebody who may."""
    log_in(page, live_server)
    return page


def cell(page: Page, repo: str = "tracs/env", node: str = "vault") -> Locator:
    row = page.locator(f'tr[data-repo="{repo}"]')
    return row.locator(f'td a[data-node="{node}"]')


def card(page: Page) -> Locator:
    return page.locator(".evidence-card")


def day_of(now: datetime, ago: int) -> str:
    return (now - ago * DAY).date().isoformat()


# --- Evidence ----------------------------------------------------------------------------------


def test_pointing_at_a_cell_shows_its_evidence(matrix: Page) -> None:
    cell(matrix).hover()

    expect(card(matrix)).to_contain_text("1,000,000 bytes")
    expect(card(matrix)).to_contain_text("other bytes")


def test_focusing_a_cell_shows_its_evidence(matrix: Page) -> None:
    cell(matrix, "svn/one", "mirror").focus()

    expect(card(matrix)).to_contain_text("svn/one on mirror")


def test_the_card_stays_while_it_is_pointed_at_and_goes_when_it_is_left(matrix: Page) -> None:
    cell(matrix).hover()
    card(matrix).get_by_role("link", name="diverged").hover()
    matrix.wait_for_timeout(600)
    expect(card(matrix)).to_be_visible()

    matrix.locator("h1").hover()

    expect(card(matrix)).to_be_hidden()


def test_escape_takes_the_card_away_and_leaves_the_focus(matrix: Page) -> None:
    cell(matrix).focus()
    expect(card(matrix)).to_contain_text("bytes")

    matrix.keyboard.press("Escape")

    expect(card(matrix)).to_be_hidden()
    expect(cell(matrix)).to_be_focused()


def test_tab_goes_on_into_the_card_and_escape_comes_back(matrix: Page) -> None:
    cell(matrix).focus()
    expect(card(matrix)).to_contain_text("bytes")

    matrix.keyboard.press("Tab")
    matrix.keyboard.press("Tab")

    expect(card(matrix).get_by_role("link", name="tracs/env")).to_be_focused()
    matrix.keyboard.press("Escape")
    expect(cell(matrix)).to_be_focused()


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1280, 500), (1280, 260)])
def test_the_card_neither_covers_its_cell_nor_leaves_the_screen(
    matrix: Page, width: int, height: int
) -> None:
    matrix.set_viewport_size({"width": width, "height": height})
    cell(matrix, "svn/one", "mirror").focus()
    expect(card(matrix)).to_contain_text("bytes")

    boxes = """() => {
        const of = (one) => { const { left, top, right, bottom } = one.getBoundingClientRect(); return [left, top, right, bottom]; };
        return [of(document.querySelector(".evidence-card")), of(document.activeElement)];
    }"""
    expect(card(matrix)).to_be_visible()
    matrix.wait_for_timeout(700)  # the page may be on its way to the cell
    (left, top, right, bottom), (_, cell_top, _, cell_bottom) = matrix.evaluate(boxes)

    assert top >= cell_bottom or bottom <= cell_top
    assert (left >= 0, top >= 0, right <= width, bottom <= height) == (True,) * 4


def test_evidence_is_fetched_once_for_a_cell(matrix: Page) -> None:
    asked: list[str] = []
    matrix.on(
        "request", lambda request: asked.append(request.url) if "/cell/" in request.url else None
    )
    for _ in range(2):
        cell(matrix).hover()
        expect(card(matrix)).to_contain_text("bytes")
        matrix.locator("h1").hover()
        expect(card(matrix)).to_be_hidden()

    assert len(asked) == 1


def test_a_hostile_name_is_text_in_the_card(matrix: Page) -> None:
    cell(matrix, f"svn/{HOSTILE}", "vault").focus()

    expect(card(matrix)).to_contain_text(f"svn/{HOSTILE} on vault")


def test_a_card_says_that_the_session_ended(matrix: Page) -> None:
    matrix.context.clear_cookies()

    cell(matrix).focus()

    expect(card(matrix)).to_contain_text("You are logged out")


# --- Keyboard ----------------------------------------------------------------------------------


def test_the_grid_is_one_stop_and_arrows_walk_it(matrix: Page) -> None:
    assert matrix.locator(".matrix tbody a[tabindex='0']").count() == 1
    cell(matrix).focus()

    for key, repo, node in (
        ("ArrowRight", "tracs/env", "mirror"),
        ("ArrowRight", "tracs/env", "mirror"),
        ("ArrowLeft", "tracs/env", "vault"),
        ("Control+End", "svn/one", "mirror"),
        ("Home", "", ""),
    ):
        matrix.keyboard.press(key)
        if repo:
            expect(cell(matrix, repo, node)).to_be_focused()
    expect(matrix.locator('tr[data-repo="svn/one"] th a')).to_be_focused()
    matrix.keyboard.press("Control+Home")
    expect(matrix.locator('tr[data-repo="tracs/env"] th a')).to_be_focused()


def test_enter_leads_to_the_repo_at_that_node(matrix: Page, vault: Replica) -> None:
    cell(matrix).focus()

    matrix.keyboard.press("Enter")

    matrix.wait_for_url(f"**/repos/Z9:hub/tracs/env/#replica-{vault.pk}")


def test_what_is_focused_is_not_under_the_headings(
    page: Page, vault: Replica, now: datetime, live_server: LiveServer
) -> None:
    for number in range(40):
        lay_snapshots(vault, f"svn/r{number:02}", [now - HOUR])
    page.set_viewport_size({"width": 1000, "height": 600})
    log_in(page, live_server, f"{URL}?order=name")
    cell(page, "svn/r39").focus()

    for _ in range(12):
        page.keyboard.press("ArrowUp")

    browsing.until(  # the page may be on its way
        page,
        """() => {
            const head = document.querySelectorAll(".matrix thead th")[1].getBoundingClientRect();
            const at = document.activeElement.getBoundingClientRect();
            return at.top >= head.bottom - 1 && at.bottom <= innerHeight + 1;
        }""",
    )


# --- Days --------------------------------------------------------------------------------------


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Day that the matrix shows")


def test_the_slider_shows_a_past_day_and_the_address_names_it(matrix: Page, now: datetime) -> None:
    value = int(slider(matrix).input_value())

    slider(matrix).fill(str(value - 7))

    expect(matrix.locator(".matrix-shown")).to_contain_text("As it was at the end of")
    expect(cell(matrix)).to_contain_text("overdue")
    expect(matrix).to_have_url(re.compile(rf"\?day={day_of(now, 7)}$"))


def test_the_slider_says_in_a_sentence_what_it_shows(matrix: Page) -> None:
    slider(matrix).fill(str(int(slider(matrix).input_value()) - 7))

    expect(matrix.locator(".matrix-part > [role='status']")).to_contain_text(
        re.compile(r"^At the end of .*: 1 alarm, 1 warning, 4 ok")
    )


def test_arrow_keys_move_the_slider_by_a_day(matrix: Page, now: datetime) -> None:
    slider(matrix).focus()

    matrix.keyboard.press("ArrowLeft")

    expect(matrix).to_have_url(re.compile(rf"\?day={day_of(now, 1)}$"))
    expect(slider(matrix)).to_be_focused()
    expect(slider(matrix)).to_have_attribute("aria-valuetext", re.compile(r"\d{4}$"))


def test_back_shows_the_day_before(matrix: Page, now: datetime) -> None:
    value = int(slider(matrix).input_value())
    slider(matrix).fill(str(value - 7))
    expect(matrix).to_have_url(re.compile(rf"\?day={day_of(now, 7)}$"))
    slider(matrix).fill(str(value - 20))
    expect(matrix).to_have_url(re.compile(rf"\?day={day_of(now, 20)}$"))

    matrix.go_back()

    expect(cell(matrix)).to_contain_text("overdue")
    expect(slider(matrix)).to_have_value(str(value - 7))
    matrix.go_back()
    expect(cell(matrix)).to_contain_text("diverged")
    expect(slider(matrix)).to_have_value(str(value))


def test_dragging_asks_for_where_it_rests_and_makes_one_step_of_history(
    matrix: Page, now: datetime
) -> None:
    length = matrix.evaluate("history.length")
    slider(matrix).evaluate(
        """(one) => {
            for (let step = 0; step < 30; step += 1) {
                one.stepDown();
                one.dispatchEvent(new Event("input"));
            }
        }"""
    )

    expect(matrix).to_have_url(re.compile(rf"\?day={day_of(now, 30)}$"))
    expect(matrix.locator(".matrix-shown")).to_have_attribute("data-day", day_of(now, 30))
    assert matrix.evaluate("history.length") == length + 1


def test_the_day_before_the_field_and_now_work_in_place(matrix: Page, now: datetime) -> None:
    matrix.evaluate("window.same = true")

    matrix.get_by_role("link", name="The day before").click()
    expect(matrix.locator(".matrix-shown")).to_have_attribute("data-day", day_of(now, 1))
    matrix.get_by_label("Day", exact=True).fill(day_of(now, 6))
    expect(matrix.locator(".matrix-shown")).to_have_attribute("data-day", day_of(now, 6))
    matrix.get_by_role("link", name="Now", exact=True).click()

    expect(cell(matrix)).to_contain_text("diverged")
    expect(matrix).to_have_url(re.compile(r"/hubs/Z9:hub/$"))
    assert matrix.evaluate("window.same") is True


def test_evidence_of_a_past_day_is_that_of_then(matrix: Page, now: datetime) -> None:
    slider(matrix).fill(str(int(slider(matrix).input_value()) - 7))
    expect(cell(matrix)).to_contain_text("overdue")

    cell(matrix).hover()

    expect(card(matrix)).to_contain_text(f"at the end of {day_of(now, 7)}")
    expect(card(matrix)).to_contain_text("it is overdue")


def test_the_keyboard_walks_a_past_day_too(matrix: Page, now: datetime) -> None:
    slider(matrix).fill(str(int(slider(matrix).input_value()) - 7))
    expect(cell(matrix)).to_contain_text("overdue")
    cell(matrix).focus()

    matrix.keyboard.press("ArrowRight")

    expect(cell(matrix, node="mirror")).to_be_focused()


def test_a_day_that_cannot_be_loaded_is_said(
    browser: Browser, vault: Replica, live_server: LiveServer
) -> None:
    page = browser.new_page()  # what fails is a complaint
    log_in(page, live_server)
    page.route("**/*part=matrix*", lambda route: route.fulfill(status=500))

    slider(page).fill(str(int(slider(page).input_value()) - 7))

    expect(page.locator(".matrix-part > [role='status']")).to_contain_text(
        "That day could not be loaded: the server answered 500."
    )
    page.close()


def test_links_of_the_choice_keep_the_day(matrix: Page, now: datetime) -> None:
    slider(matrix).fill(str(int(slider(matrix).input_value()) - 7))
    expect(matrix).to_have_url(re.compile("day="))

    matrix.get_by_role("link", name="problems only").click()

    matrix.wait_for_url(f"**day={day_of(now, 7)}&show=problems#matrix")
    expect(matrix.locator(".matrix tbody tr")).to_have_count(1)


# --- Without scripts, and on a telephone -----------------------------------------------------------


def test_without_scripts_cells_lead_to_the_facts_and_days_are_a_form(
    browser: Browser, vault: Replica, now: datetime, live_server: LiveServer
) -> None:
    page = browser.new_page(java_script_enabled=False)
    log_in(page, live_server, scripts=False)
    expect(page.get_by_role("slider")).to_have_count(0)

    page.get_by_label("Day", exact=True).fill(day_of(now, 7))
    page.get_by_role("button", name="Show").click()

    expect(cell(page)).to_contain_text("overdue")
    page.get_by_role("link", name="The day after").click()
    expect(page.locator(".matrix-shown")).to_have_attribute("data-day", day_of(now, 6))
    page.get_by_role("link", name="Now", exact=True).click()
    cell(page).click()
    expect(page.locator(f"#replica-{vault.pk}")).to_contain_text("diverged")
    page.close()


def test_on_a_telephone_every_repo_is_a_card_with_its_nodes(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    log_in(page, live_server)

    line = cell(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.querySelector('.matrix').scrollWidth") <= 360
    box = line.bounding_box()
    assert box
    assert box["width"] > 300
    assert line.evaluate("(one) => getComputedStyle(one, '::before').content") == '"vault"'


def test_a_wide_matrix_scrolls_in_its_box_and_keeps_names_in_sight(
    page: Page, vault: Replica, now: datetime, live_server: LiveServer
) -> None:
    for number in range(20):
        make_run(make_replica(vault.hub, f"node{number:02}", "copy"), now - timedelta(hours=1))
    page.set_viewport_size({"width": 900, "height": 700})
    log_in(page, live_server)
    name = page.locator('tr[data-repo="tracs/env"] th')
    left = "(one) => one.getBoundingClientRect().left"
    before = name.evaluate(left)

    cell(page, node="node19").focus()

    expect(name).to_be_in_viewport()
    assert name.evaluate(left) == before
    assert page.evaluate("document.documentElement.scrollWidth") <= 900
