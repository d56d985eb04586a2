"""The pages in a real browser: no error, nothing refused by the security policy, charts that answer, text without scripts."""

import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from hubs.models import Replica
from hubs.names import to_text
from probes.models import RunStatus, TarballSnapshot
from tests.estate import DAY, HOUR, lay_snapshots, make_hub, make_replica, make_run
from tests.months import sum_up

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOSTILE = to_text(b"<img src=x onerror=alert(1)>\xe2\x80\xae")
LOADED = "Sizes of 2 repos"


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


def log_in(page: Page, server: LiveServer) -> None:
    User.objects.create_superuser("ada", password="lovelace")
    page.goto(f"{server.url}/login/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("lovelace")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Hubs")).to_be_visible()


def chart(page: Page, name: str = LOADED) -> None:
    """Wait until a chart is drawn that says of itself what it shows."""
    expect(page.locator(".chart canvas").first).to_have_attribute("aria-label", re.compile(name))


def choose(page: Page, name: str) -> None:
    """Press a range and wait until its numbers are drawn."""
    button = page.get_by_role("button", name=name, exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


def test_a_chart_shows_both_panes_and_what_is_expected(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/Z9:hub/")

    chart(page)

    keys = page.locator(".chart-keys").first
    for key in ("tracs/env", f"svn/{HOSTILE}", "tarballs a day", "expected: 4 a day"):
        expect(keys.get_by_role("button", name=key, exact=True)).to_be_visible()


def test_a_range_button_changes_the_chart(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/Z9:hub/vault/")
    chart(page)
    before = page.locator(".chart canvas").get_attribute("aria-label") or ""

    page.get_by_role("button", name="All", exact=True).click()

    expect(page.locator(".chart canvas")).not_to_have_attribute("aria-label", before)
    expect(page.get_by_role("button", name="All", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_what_was_hidden_stays_hidden_in_another_range(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/Z9:hub/vault/")
    chart(page)
    for key in ("tarballs a day", "expected: 4 a day"):
        page.get_by_role("button", name=key, exact=True).click()

    choose(page, "6m")

    shown = "document.querySelector('.chart').replicaChart.chart.getVisibleDatasetCount()"
    assert page.evaluate(shown) == 2


def test_a_failed_load_leaves_the_range_and_says_so_until_one_succeeds(
    browser: Browser, vault: Replica, live_server: LiveServer
) -> None:
    page = browser.new_page()  # what fails is a complaint
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/Z9:hub/vault/")
    chart(page)
    page.route("**/series/*", lambda route: route.fulfill(status=500))
    page.get_by_role("button", name="6m", exact=True).click()
    note = page.locator(".chart-note")
    expect(note).to_contain_text("the server answered 500")

    page.get_by_role("button", name="Log scale").click()

    expect(note).to_contain_text("the server answered 500")
    expect(page.get_by_role("button", name="1m")).to_have_attribute("aria-pressed", "true")
    page.unroute("**/series/*")
    choose(page, "6m")
    expect(note).not_to_contain_text("could not be loaded")
    page.close()


def test_a_chart_says_that_the_session_ended(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/Z9:hub/vault/")
    chart(page)
    page.context.clear_cookies()

    page.get_by_role("button", name="6m", exact=True).click()

    note = page.locator(".chart-note")
    expect(note).to_contain_text("You are logged out.")
    expect(note.get_by_role("link", name="Log in")).to_have_attribute(
        "href", "/login/?next=%2Fhubs%2FZ9%3Ahub%2Fvault%2F"
    )


def test_tables_fit_a_telephone(page: Page, vault: Replica, live_server: LiveServer) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    log_in(page, live_server)
    wide = "[...document.querySelectorAll('.table')].filter((one) => one.scrollWidth > one.clientWidth).length"

    for url in ("/runs/", "/repos/Z9:hub/tracs/env/", "/hubs/Z9:hub/vault/", "/api/docs/"):
        page.goto(live_server.url + url)
        assert page.evaluate(wide) == 0, url


def test_hovering_tells_exact_sizes_and_both_clocks(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/Z9:hub/vault/")
    chart(page)

    page.locator(".chart canvas").hover(position={"x": 300, "y": 120})

    tip = page.locator(".chart-tip")
    expect(tip).to_contain_text("1,000,000 B")
    expect(tip).to_contain_text("UTC")
    expect(tip).to_contain_text("Asia/Taipei")


def test_a_logarithm_can_be_asked_for(page: Page, vault: Replica, live_server: LiveServer) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/Z9:hub/vault/")
    chart(page)

    page.get_by_role("button", name="Log scale").click()

    kind = page.evaluate("document.querySelector('.chart').replicaChart.chart.scales.size.type")
    assert kind == "logarithmic"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_complains_or_is_wider_than_the_screen(
    page: Page, vault: Replica, live_server: LiveServer, scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, live_server)
    run = vault.runs.get().pk

    for url in ("/", "/hubs/Z9:hub/", "/hubs/Z9:hub/vault/", "/repos/Z9:hub/tracs/env/"):
        page.goto(live_server.url + url, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, url
    for url in ("/findings/", "/runs/", f"/runs/{run}/", "/api/docs/"):
        page.goto(live_server.url + url, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, url


@pytest.mark.parametrize("url", ["/admin/", "/admin/hubs/hub/add/", "/admin/auth/user/"])
def test_the_admin_works_under_the_same_policy(
    page: Page, live_server: LiveServer, url: str
) -> None:
    log_in(page, live_server)

    page.goto(live_server.url + url, wait_until="networkidle")

    expect(page.locator("#header")).to_contain_text("scmmon")


def test_without_scripts_the_page_tells_all(
    browser: Browser, vault: Replica, live_server: LiveServer
) -> None:
    page = browser.new_page(java_script_enabled=False)
    log_in(page, live_server)

    page.goto(f"{live_server.url}/hubs/Z9:hub/")

    row = page.locator(".matrix tbody tr").filter(has_text="tracs/env")
    expect(row).to_contain_text("1.00 MB")
    expect(row).to_contain_text("never looked at")
    expect(page.get_by_text("The chart needs JavaScript").first).to_be_visible()
    assert page.locator(".chart").first.evaluate("(place) => place.offsetHeight") < 200
    page.close()


def test_the_keyboard_reaches_the_content_first(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    log_in(page, live_server)

    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
