"""The pages in a real browser: read on a telephone, on paper and without scripts; sorted and filtered; nothing refused by the policy."""

import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from hubs.models import Replica
from hubs.names import to_text
from probes.models import Finding, RunStatus, TarballSnapshot
from tests.browsing import log_in
from tests.estate import DAY, HOUR, lay_snapshots, make_hub, make_replica, make_repo, make_run
from tests.findings import open_finding
from tests.months import sum_up

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOSTILE = to_text(b"<img src=x onerror=alert(1)>\xe2\x80\xae")
ENDLESS = "w" * 990  # with its category as long as a name may be
PAGES = ["/", "/hubs/Z9:hub/", "/hubs/Z9:hub/vault/", "/repos/Z9:hub/tracs/env/"]
LISTS = ["/findings/", "/runs/", "/notifications/"]
WIDTHS = [360, 768, 1280, 2560, 3840]


@pytest.fixture
def vault() -> Replica:
    """A hub with a healthy node of 400 days, one of whose tarballs is truncated, and an unreachable one."""
    now = timezone.now()
    hub = make_hub("Z9:hub", "Asia/Taipei", expected_per_day=2)
    vault = make_replica(hub, "vault")
    for name in ("tracs/env", f"svn/{HOSTILE}"):
        stamps = [now - number * DAY - HOUR for number in reversed(range(400))]
        tarballs = lay_snapshots(vault, name, stamps)
        TarballSnapshot.objects.filter(pk=tarballs[-5].pk).update(size_bytes=12)
    sum_up(vault)
    make_run(vault, now)
    make_run(make_replica(hub, "mirror", "copy"), now, RunStatus.UNREACHABLE)
    return vault


@pytest.fixture
def findings(vault: Replica) -> list[Finding]:
    """An alarm about a repo of a hostile name, and a warning."""
    now = timezone.now()
    moments = {"opened_at": now - DAY, "confirmed_at": now}
    repo = make_repo(vault.hub, f"svn/{HOSTILE}")
    return [
        open_finding(vault.hub, "overdue", repo=repo, **moments),
        open_finding(vault.hub, "clock_skew", severity="warn", replica=vault, **moments),
    ]


def is_wider_than_the_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def severity(page: Page) -> Locator:
    """The filter of that name; there is an order of that name too."""
    return page.get_by_role("combobox", name="Severity", exact=True)


# --- Logging in --------------------------------------------------------------------------------


def test_logging_in_leads_to_what_was_asked_for(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    User.objects.create_superuser("ada", password="lovelace")
    page.goto(f"{live_server.url}/hubs/Z9:hub/vault/")

    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("lovelace")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", name="Z9:hub on vault")).to_be_visible()


def test_a_wrong_password_is_said(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/login/")

    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()

    expect(page.locator("main")).to_contain_text("correct username and password")


# --- On every screen ---------------------------------------------------------------------------


def test_a_telephone_says_at_once_whether_all_is_well_and_what_is_not(
    browser: Browser, findings: list[Finding], live_server: LiveServer
) -> None:
    page = browser.new_page(java_script_enabled=False, viewport={"width": 360, "height": 640})
    log_in(page, live_server)

    expect(page.get_by_text("1 of 1 hub has an alarm: Z9:hub.")).to_be_in_viewport(ratio=1)
    row = page.locator(".hubs tbody tr").first
    expect(row.get_by_role("link", name="Z9:hub", exact=True)).to_be_in_viewport(ratio=1)
    expect(row.locator(".badge.is-alarm")).to_be_in_viewport(ratio=1)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_complains_or_is_wider_than_the_screen(
    page: Page, findings: list[Finding], live_server: LiveServer, scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, live_server)
    too_wide = []

    for url in [*PAGES, *LISTS, f"/findings/{findings[0].pk}/"]:
        page.goto(live_server.url + url, wait_until="load")
        too_wide += [url] * is_wider_than_the_screen(page)

    assert too_wide == []


def test_tables_fit_a_telephone(page: Page, vault: Replica, live_server: LiveServer) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    log_in(page, live_server)
    wide = "[...document.querySelectorAll('.table')].filter((one) => one.scrollWidth > one.clientWidth).length"

    for url in ("/runs/", "/repos/Z9:hub/tracs/env/", "/hubs/Z9:hub/vault/", "/api/docs/"):
        page.goto(live_server.url + url)
        assert page.evaluate(wide) == 0, url


@pytest.mark.parametrize("width", [360, 1280])
def test_an_endless_name_is_cut_for_the_eye_and_whole_in_the_page(
    page: Page, vault: Replica, live_server: LiveServer, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    lay_snapshots(vault, f"svn/{ENDLESS}", [timezone.now() - HOUR])
    repo = make_repo(vault.hub, f"svn/{ENDLESS}")
    open_finding(vault.hub, "gap", repo=repo, message=f"It is {ENDLESS * 4}")
    log_in(page, live_server)

    page.goto(f"{live_server.url}/findings/")

    name = page.locator("td.name bdi")
    expect(name).to_have_text(f"svn/{ENDLESS}")
    expect(name).to_have_attribute("title", f"svn/{ENDLESS}")
    assert name.evaluate("(one) => one.offsetHeight") < 100
    assert not is_wider_than_the_screen(page)


def test_a_page_on_a_wall_uses_its_width(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    page.set_viewport_size({"width": 3840, "height": 2160})
    log_in(page, live_server)

    assert page.locator("main").evaluate("(one) => one.offsetWidth") > 0.6 * 3840


# --- Lists -------------------------------------------------------------------------------------


def test_a_heading_sorts_and_the_back_button_undoes_it(
    page: Page, findings: list[Finding], live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/findings/")

    page.get_by_role("link", name="Severity").click()

    expect(page).to_have_url(f"{live_server.url}/findings/?sort=-severity")
    heading = page.get_by_role("columnheader", name="Severity")
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(page.locator("tbody .badge").first).to_have_text("alarm")
    page.go_back()
    expect(page.get_by_role("columnheader", name="Since")).to_have_attribute(
        "aria-sort", "descending"
    )


def test_a_choice_filters_at_once_and_keeps_the_keyboard_where_it_was(
    page: Page, findings: list[Finding], live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/findings/")

    severity(page).select_option("warn")

    expect(page).to_have_url(re.compile(r"\?state=open&severity=warn&sort=-opened$"))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(severity(page)).to_be_focused()


def test_the_back_button_takes_a_filter_back(
    page: Page, findings: list[Finding], live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/findings/")
    severity(page).select_option("warn")
    expect(page.locator("tbody tr")).to_have_count(1)

    page.go_back()

    expect(page.locator("tbody tr")).to_have_count(2)
    expect(severity(page)).to_have_value("")


def test_filters_work_without_scripts(
    browser: Browser, findings: list[Finding], live_server: LiveServer
) -> None:
    page = browser.new_page(java_script_enabled=False)
    log_in(page, live_server)
    page.goto(f"{live_server.url}/findings/")

    severity(page).select_option("warn")
    page.get_by_role("button", name="Show").click()

    expect(page.locator("tbody tr")).to_have_count(1)
    page.close()


def test_a_moment_tells_the_clock_of_the_reader(
    browser: Browser, vault: Replica, live_server: LiveServer
) -> None:
    page = browser.new_page(timezone_id="America/Halifax")
    log_in(page, live_server)

    moment = page.locator("main time").first
    moment.hover()

    expect(moment).to_have_attribute("title", re.compile("UTC · .*America/Halifax"))
    page.close()


# --- Without scripts, by the keyboard, on paper ------------------------------------------------


def test_without_scripts_the_page_tells_all(
    browser: Browser, vault: Replica, live_server: LiveServer
) -> None:
    page = browser.new_page(java_script_enabled=False)
    log_in(page, live_server)

    page.goto(f"{live_server.url}/hubs/Z9:hub/")

    row = page.locator(".matrix tbody tr").filter(has_text="tracs/env")
    expect(row).to_contain_text("1.00 MB")
    expect(row).to_contain_text("never looked at")
    expect(page.locator("main img").first).to_be_visible()
    page.close()


def test_the_keyboard_reaches_the_content_first(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    log_in(page, live_server)

    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


@pytest.mark.parametrize("url", PAGES)
def test_on_paper_there_is_nothing_to_press(
    page: Page, findings: list[Finding], live_server: LiveServer, url: str
) -> None:
    log_in(page, live_server)
    page.goto(live_server.url + url)

    page.emulate_media(media="print")

    for part in (".top nav", ".filters", ".toc", ".skip", ".collect", "main form"):
        assert page.locator(f"{part} >> visible=true").count() == 0, part


def test_paper_is_light_and_states_keep_shape_and_word(
    page: Page, findings: list[Finding], live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.emulate_media(color_scheme="dark", media="print")

    badge = page.locator(".hubs .badge").first

    expect(badge).to_have_text("alarm")
    assert badge.locator(".shape").evaluate("(one) => getComputedStyle(one).printColorAdjust") == (
        "exact"
    )
    ink = page.locator("body").evaluate("(one) => getComputedStyle(one).color")
    assert max(map(int, re.findall(r"\d+", ink)[:3])) < 60


def test_the_address_of_a_link_is_not_printed(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    log_in(page, live_server)

    page.emulate_media(media="print")

    after = "(one) => getComputedStyle(one, '::after').content"
    assert page.locator("main a").first.evaluate(after) == "none"


def test_nothing_moves_for_who_wants_it_still(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    page.emulate_media(reduced_motion="reduce")
    log_in(page, live_server)

    scrolling = "getComputedStyle(document.documentElement).scrollBehavior"
    assert page.evaluate(scrolling) == "auto"


def test_states_keep_their_shapes_in_forced_colours(
    page: Page, findings: list[Finding], live_server: LiveServer
) -> None:
    page.emulate_media(forced_colors="active")
    log_in(page, live_server)

    shape = page.locator(".verdict .shape").first
    style = shape.evaluate("(one) => [getComputedStyle(one).clipPath, one.offsetWidth]")

    assert style[0].startswith("polygon")
    assert style[1] > 5


@pytest.mark.parametrize("url", ["/admin/", "/admin/hubs/hub/add/", "/admin/auth/user/"])
def test_the_admin_works_under_the_same_policy(
    page: Page, live_server: LiveServer, url: str
) -> None:
    log_in(page, live_server)

    page.goto(live_server.url + url, wait_until="networkidle")

    expect(page.locator("#header")).to_contain_text("scmmon")
